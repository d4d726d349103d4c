//! A NIF that returns its first argument, registered like ketama's lookup.

use rustler::Nif;
use rustler::codegen_runtime::{c_int, inventory};
use rustler::sys::{ErlNifEnv, ErlNifTerm};

rustler::init!("empty_nif");

inventory::submit!(Nif { name: c"call".as_ptr(), arity: 2, flags: 0, raw_func: call });

unsafe extern "C" fn call(_: *mut ErlNifEnv, _: c_int, argv: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: the VM passes as many terms as the arity says.
    unsafe { *argv }
}
