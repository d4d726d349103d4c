//! What Erlang holds as a `continuum()`. Managed by hand: rustler looks the type of a resource up in
//! a hash map at each decoding, which takes a tenth of the time of a lookup.

use ketama::Continuum;
use rustler::codegen_runtime::c_void;
use rustler::sys::{
    ErlNifEnv, ErlNifResourceFlags, ErlNifResourceType, enif_alloc_resource, enif_get_resource,
    enif_make_resource, enif_open_resource_type, enif_release_resource,
};
use rustler::{Decoder, Env, Error, NifResult, Term};
use std::ptr::{self, null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A resource: a share of a continuum.
pub(crate) struct Ring(pub(crate) Arc<Continuum>);

/// The type of a [`Ring`] for the VM; null before the library is loaded.
static TYPE: AtomicPtr<ErlNifResourceType> = AtomicPtr::new(null_mut());

/// Makes the type known to the VM, which allows it while it loads the library.
pub(crate) fn open(env: Env, _load_info: Term) -> bool {
    let create = ErlNifResourceFlags::ERL_NIF_RT_CREATE;
    // SAFETY: `env` is that of a call to load; the VM calls `close` with nothing but a resource of
    // this type.
    let opened = unsafe {
        enif_open_resource_type(
            env.as_c_arg(),
            null(),
            c"continuum".as_ptr(),
            Some(close),
            create,
            null_mut(),
        )
    };
    TYPE.store(opened.cast_mut(), Ordering::Release);
    !opened.is_null()
}

unsafe extern "C" fn close(_env: *mut ErlNifEnv, ring: *mut c_void) {
    // SAFETY: the VM calls this once for each resource, which `encode` has made a `Ring`.
    unsafe { ptr::drop_in_place(ring.cast::<Ring>()) }
}

impl Ring {
    /// The resource as a term, which keeps it alive.
    pub(crate) fn into_term(self, env: Env) -> Term {
        // SAFETY: the type is open since loading; the memory is as large as asked for and aligned
        // for any type, and written before the VM or anyone else sees it.
        unsafe {
            let ring = enif_alloc_resource(TYPE.load(Ordering::Relaxed), size_of::<Self>());
            ptr::write(ring.cast(), self);
            let term = Term::new(env, enif_make_resource(env.as_c_arg(), ring));
            enif_release_resource(ring);
            term
        }
    }
}

impl<'a> Decoder<'a> for &'a Ring {
    #[inline]
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let mut ring = null();
        // SAFETY: where the VM says that the term is of this type, `ring` points to a `Ring`, which
        // lives at least as long as the term.
        unsafe {
            let (env, kind) = (term.get_env().as_c_arg(), TYPE.load(Ordering::Relaxed));
            match enif_get_resource(env, term.as_c_arg(), kind, &raw mut ring) {
                0 => Err(Error::BadArg),
                _ => Ok(&*ring.cast()),
            }
        }
    }
}
