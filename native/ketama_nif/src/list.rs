//! Lists of Erlang, walked cell by cell and made from their end on.

use rustler::sys::{ErlNifTerm, enif_get_list_cell, enif_is_empty_list, enif_make_list_cell};
use rustler::{Env, Term};
use std::mem::MaybeUninit;

/// The elements of a list. `Term::list_get_cell` copies terms of three words, partly just written byte by
/// byte, which stalls the processor for 5 nanoseconds a key.
pub(crate) struct Cells<'a> {
    env: Env<'a>,
    rest: ErlNifTerm,
}

impl<'a> Cells<'a> {
    /// Those of a term, which has none where it is no list.
    pub(crate) fn of(list: Term<'a>) -> Self {
        Self { env: list.get_env(), rest: list.as_c_arg() }
    }

    /// Whether a proper list has been walked to its end.
    pub(crate) fn are_done(&self) -> bool {
        // SAFETY: `rest` is a term of this environment.
        unsafe { enif_is_empty_list(self.env.as_c_arg(), self.rest) != 0 }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Term<'a>;

    #[inline]
    fn next(&mut self) -> Option<Term<'a>> {
        let (mut head, mut tail) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: `rest` is a term of this environment, and so are the head and the tail of its cell,
        // which are written where it has one.
        unsafe {
            let env = self.env.as_c_arg();
            if enif_get_list_cell(env, self.rest, head.as_mut_ptr(), tail.as_mut_ptr()) == 0 {
                return None;
            }
            self.rest = tail.assume_init();
            Some(Term::new(self.env, head.assume_init()))
        }
    }
}

/// The terms as a list.
#[inline]
pub(crate) fn make_list<'a>(
    env: Env<'a>,
    terms: impl DoubleEndedIterator<Item = Term<'a>>,
) -> Term<'a> {
    let mut list = Term::list_new_empty(env).as_c_arg();
    for term in terms.rev() {
        // SAFETY: both are terms of this environment.
        list = unsafe { enif_make_list_cell(env.as_c_arg(), term.as_c_arg(), list) };
    }
    // SAFETY: as above.
    unsafe { Term::new(env, list) }
}
