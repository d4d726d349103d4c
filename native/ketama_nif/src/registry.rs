//! The continuum that has a name: today the default one alone.

use crate::handle::Handle;
use arc_swap::ArcSwap;
use ketama::Continuum;
use once_cell::sync::OnceCell;
use rustler::types::atom::ok;
use rustler::{Atom, Env, Error, NifResult, Term};

/// The continuum of `getserver/1`; empty before the first `start_link`.
static DEFAULT: OnceCell<ArcSwap<Continuum>> = OnceCell::new();

/// The default continuum.
pub(crate) fn default() -> NifResult<&'static ArcSwap<Continuum>> {
    DEFAULT.get().ok_or(Error::RaiseAtom("not_started"))
}

// Dirty: dropping the old continuum may free many megabytes.
#[rustler::nif(schedule = "DirtyCpu")]
fn set_default(handle: &Handle) -> Atom {
    DEFAULT.get_or_init(|| ArcSwap::new(handle.0.clone())).store(handle.0.clone());
    ok()
}

#[rustler::nif(name = "default")]
fn get_default(env: Env) -> NifResult<Term> {
    Ok(Handle(default()?.load_full()).into_term(env))
}
