//! The lookup of one key, registered by hand: `#[rustler::nif]` collects the arguments of each call
//! in a `Vec`, which costs as much as entering the NIF.

use crate::{Ring, default, name};
use rustler::codegen_runtime::{c_int, handle_nif_result, inventory};
use rustler::sys::{ErlNifEnv, ErlNifTerm};
use rustler::{Binary, Env, Nif, NifResult, Term};
use std::panic::{UnwindSafe, catch_unwind};

inventory::submit!(Nif { name: c"getserver".as_ptr(), arity: 2, flags: 0, raw_func: getserver });

inventory::submit!(Nif {
    name: c"getserver".as_ptr(),
    arity: 1,
    flags: 0,
    raw_func: getserver_default,
});

unsafe extern "C" fn getserver(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: the VM calls a NIF with the environment of the call and as many terms as its arity.
    unsafe {
        call(env, argv, |env, [ring, key]| {
            let (ring, key): (&Ring, Binary) = (ring.decode()?, key.decode()?);
            Ok(name(env, ring.0.get(&key)))
        })
    }
}

unsafe extern "C" fn getserver_default(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as above.
    unsafe {
        call(env, argv, |env, [key]| {
            let key: Binary = key.decode()?;
            Ok(name(env, default()?.load().get(&key)))
        })
    }
}

/// What `body` makes of the arguments of a call.
///
/// # Safety
/// `env` is the environment of the call and `argv` points to its `N` arguments.
#[inline]
unsafe fn call<const N: usize>(
    env: *mut ErlNifEnv,
    argv: *const ErlNifTerm,
    body: impl for<'a> FnOnce(Env<'a>, [Term<'a>; N]) -> NifResult<Term<'a>> + UnwindSafe,
) -> ErlNifTerm {
    let lifetime = ();
    // SAFETY: the caller's promise; no other `Env` has this lifetime.
    unsafe {
        let env = Env::new(&lifetime, env);
        let arguments = std::array::from_fn(|i| Term::new(env, *argv.add(i)));
        match catch_unwind(|| body(env, arguments)) {
            Ok(Ok(term)) => term.as_c_arg(),
            other => handle_nif_result(other, env).apply(env),
        }
    }
}
