//! The continua that have names.
//!
//! The table of names only grows: a name keeps its entry for good, as an atom does in the VM. So a lookup
//! takes no lock and writes nothing that another one reads.

use crate::atoms;
use crate::handle::{Handle, Kept};
use arc_swap::{ArcSwapOption, Guard};
use ketama::Continuum;
use once_cell::sync::OnceCell;
use rustc_hash::FxHasher;
use rustler::sys::ErlNifTerm;
use rustler::types::atom::{ok, undefined};
use rustler::{Atom, Binary, Decoder, Encoder, Env, Error, NewBinary, NifResult, Term};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A name, its continuum if it has one, and the next name of its bucket.
struct Entry {
    name: Atom,
    continuum: ArcSwapOption<Kept>,
    history: Mutex<History>,
    next: OnceCell<Box<Entry>>,
}

/// How a name got its continuum.
#[derive(Default)]
struct History {
    /// The continuum that was replaced last.
    previous: Option<Arc<Kept>>,
    /// The source of the continuum, as `term_to_binary/1` writes it.
    source: Box<[u8]>,
    /// The VM's system time when the continuum got the name.
    since: i64,
}

const BUCKETS: usize = 1024;

static TABLE: [OnceCell<Box<Entry>>; BUCKETS] = [const { OnceCell::new() }; BUCKETS];

/// The first entry of the bucket of a name.
#[inline]
#[allow(clippy::cast_possible_truncation)]
fn bucket(name: ErlNifTerm) -> &'static OnceCell<Box<Entry>> {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    &TABLE[hasher.finish() as usize % BUCKETS]
}

/// The entry of a term, if that is a name which has one.
#[inline]
fn find(name: ErlNifTerm) -> Option<&'static Entry> {
    let mut entry = bucket(name).get()?;
    while entry.name.as_c_arg() != name {
        entry = entry.next.get()?;
    }
    Some(entry)
}

fn find_or_make(name: Atom) -> &'static Entry {
    let mut cell = bucket(name.as_c_arg());
    loop {
        let entry = cell.get_or_init(|| {
            let (continuum, history) = (ArcSwapOption::empty(), Mutex::default());
            Box::new(Entry { name, continuum, history, next: OnceCell::new() })
        });
        if entry.name == name {
            return entry;
        }
        cell = &entry.next;
    }
}

impl Entry {
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The continuum that has the name.
    fn kept(&self) -> NifResult<Arc<Kept>> {
        self.continuum.load_full().ok_or_else(|| not_started(self.name))
    }
}

fn not_started(name: Atom) -> Error {
    Error::RaiseTerm(Box::new((atoms::not_started(), name)))
}

/// An argument that is a continuum, or the name of one.
pub(crate) enum Ring<'a> {
    Continuum(&'a Handle),
    /// A name, and the continuum that had it when it was looked up.
    Name(Term<'a>, Option<Guard<Option<Arc<Kept>>>>),
}

impl<'a> Decoder<'a> for Ring<'a> {
    #[inline]
    fn decode(term: Term<'a>) -> NifResult<Self> {
        if let Ok(handle) = term.decode() {
            return Ok(Self::Continuum(handle));
        }
        let found = find(term.as_c_arg()).map(|entry| entry.continuum.load());
        if found.is_none() && !term.is_atom() {
            return Err(Error::BadArg);
        }
        Ok(Self::Name(term, found))
    }
}

impl Ring<'_> {
    /// # Errors
    /// A name without a continuum raises `{not_started, Name}`.
    #[inline]
    pub(crate) fn continuum(&self) -> NifResult<&Continuum> {
        match self {
            Self::Continuum(handle) => Ok(handle),
            Self::Name(name, found) => match found.as_deref() {
                Some(Some(kept)) => Ok(kept),
                _ => Err(not_started(name.decode()?)),
            },
        }
    }
}

/// The entry of a name that has had a continuum.
fn entry(name: Atom) -> NifResult<&'static Entry> {
    find(name.as_c_arg()).ok_or_else(|| not_started(name))
}

/// Gives the name to the continuum. The one that had it becomes the previous one.
// Dirty: the former previous one may be freed.
#[rustler::nif(schedule = "DirtyCpu")]
fn put(name: Atom, continuum: &Handle, source: Binary, since: i64) -> Atom {
    let (entry, kept) = (find_or_make(name), Arc::new(Kept::new(continuum)));
    let mut history = entry.history();
    let previous = entry.continuum.swap(Some(kept));
    let source = source.as_slice().into();
    let dropped = std::mem::replace(&mut *history, History { previous, source, since });
    drop(history);
    drop(dropped);
    ok()
}

/// Takes the name from its continuum.
#[rustler::nif(schedule = "DirtyCpu")]
fn forget(name: Atom) -> Atom {
    if let Some(entry) = find(name.as_c_arg()) {
        let mut history = entry.history();
        let dropped = (entry.continuum.swap(None), std::mem::take(&mut *history));
        drop(history);
        drop(dropped);
    }
    ok()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn names() -> Vec<Atom> {
    let mut names = Vec::new();
    for bucket in &TABLE {
        let mut next = bucket.get();
        while let Some(entry) = next {
            if entry.continuum.load().is_some() {
                names.push(entry.name);
            }
            next = entry.next.get();
        }
    }
    names
}

#[rustler::nif]
fn continuum(env: Env, name: Atom) -> NifResult<Term> {
    Ok(entry(name)?.kept()?.term(env))
}

/// The continuum that had the name before, or `undefined`.
#[rustler::nif]
fn previous(env: Env, name: Atom) -> NifResult<Term> {
    let entry = entry(name)?;
    let history = entry.history();
    entry.kept()?;
    let previous = history.previous.as_ref();
    Ok(previous.map_or_else(|| undefined().to_term(env), |kept| kept.term(env)))
}

/// The continuum of a name, its source, and since when it has the name. They belong together, since the
/// history is locked meanwhile.
#[rustler::nif]
fn history(env: Env, name: Atom) -> NifResult<Term> {
    let entry = entry(name)?;
    let history = entry.history();
    let kept = entry.kept()?;
    let source = Term::from(NewBinary::from_slice(env, &history.source));
    Ok((kept.term(env), source, history.since).encode(env))
}
