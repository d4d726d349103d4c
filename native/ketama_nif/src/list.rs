//! Erlang's lists, read cell by cell and built from their ends, and maps.

use rustler::sys::{
    ErlNifTerm, enif_get_list_cell, enif_is_empty_list, enif_make_list_cell,
    enif_make_map_from_arrays,
};
use rustler::{Env, Term};
use smallvec::SmallVec;
use std::mem::MaybeUninit;

/// The elements of a list. rustler's `Term::list_get_cell` would copy terms of three words, parts of which
/// have just been written byte by byte: that stalls the processor for 5 ns a key.
pub(crate) struct Cells<'a> {
    env: Env<'a>,
    rest: ErlNifTerm,
}

impl<'a> Cells<'a> {
    /// The elements of a term. A term that is not a list has none.
    pub(crate) fn of(list: Term<'a>) -> Self {
        Self { env: list.get_env(), rest: list.as_c_arg() }
    }

    /// Whether the end of a proper list has been reached.
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
        // SAFETY: `rest` is a term of this environment. If it has a cell, its head and tail are written, which
        // are terms of this environment, too.
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
    terms.rev().fold(Term::list_new_empty(env), |list, term| prepend(env, term, list))
}

/// The list with a term put in front.
#[inline]
pub(crate) fn prepend<'a>(env: Env<'a>, term: Term<'a>, list: Term<'a>) -> Term<'a> {
    // SAFETY: both are terms of this environment.
    unsafe { Term::new(env, enif_make_list_cell(env.as_c_arg(), term.as_c_arg(), list.as_c_arg())) }
}

/// A map from `keys`, all different, to `values`.
pub(crate) fn make_map<'a>(
    env: Env<'a>,
    keys: &[Term<'a>],
    values: &[Term<'a>],
) -> Option<Term<'a>> {
    let raw = |terms: &[Term<'a>]| terms.iter().map(Term::as_c_arg).collect::<SmallVec<[_; 32]>>();
    let (keys, values) = (raw(keys), raw(values));
    let mut map = MaybeUninit::uninit();
    // SAFETY: all are terms of this environment, both arrays have `count` of them, and the map is written if
    // the result is not 0.
    unsafe {
        let count = keys.len().min(values.len());
        let made = enif_make_map_from_arrays(
            env.as_c_arg(),
            keys.as_ptr(),
            values.as_ptr(),
            count,
            map.as_mut_ptr(),
        );
        (made != 0).then(|| Term::new(env, map.assume_init()))
    }
}
