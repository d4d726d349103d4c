//! The lookup of one short key.

use crate::call::call;
use crate::handle::Handle;
use crate::registry::default;
use crate::server_binary;
use rustler::codegen_runtime::{c_int, inventory};
use rustler::sys::{ErlNifEnv, ErlNifTerm};
use rustler::{Binary, Nif};

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
        call(env, argv, |env, [handle, key]| {
            let (handle, key): (&Handle, Binary) = (handle.decode()?, key.decode()?);
            Ok(server_binary(env, handle.0.get(&key)))
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
            Ok(server_binary(env, default()?.load().get(&key)))
        })
    }
}
