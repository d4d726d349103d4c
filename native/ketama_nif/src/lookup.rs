//! The lookup of one short key.

use crate::call::call;
use crate::registry::Ring;
use crate::server_binary;
use rustler::codegen_runtime::{c_int, inventory};
use rustler::sys::{ErlNifEnv, ErlNifTerm};
use rustler::{Binary, Nif};

inventory::submit!(Nif { name: c"getserver".as_ptr(), arity: 2, flags: 0, raw_func: getserver });

unsafe extern "C" fn getserver(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: the VM passes the environment of the call and as many terms as the arity says.
    unsafe {
        call(env, argv, |env, [ring, key]| {
            let (ring, key): (Ring, Binary) = (ring.decode()?, key.decode()?);
            Ok(server_binary(env, ring.continuum()?.get(&key)))
        })
    }
}
