//! What Erlang holds as a `continuum()`. Managed by hand: rustler looks the type of a resource up in
//! a hash map at each decoding, a tenth of the time of a lookup.

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

/// The VM's reference to a continuum: a resource.
pub(crate) struct Handle(pub(crate) Arc<Continuum>);

/// The type of a [`Handle`] for the VM; null before the library is loaded.
static RESOURCE_TYPE: AtomicPtr<ErlNifResourceType> = AtomicPtr::new(null_mut());

/// Makes the type known to the VM, which allows it while it loads the library.
pub(crate) fn load(env: Env, _load_info: Term) -> bool {
    let create = ErlNifResourceFlags::ERL_NIF_RT_CREATE;
    // SAFETY: `env` is that of a call to load; the VM calls `drop_handle` with nothing but a resource of
    // this type.
    let opened = unsafe {
        enif_open_resource_type(
            env.as_c_arg(),
            null(),
            c"continuum".as_ptr(),
            Some(drop_handle),
            create,
            null_mut(),
        )
    };
    RESOURCE_TYPE.store(opened.cast_mut(), Ordering::Release);
    !opened.is_null()
}

unsafe extern "C" fn drop_handle(_env: *mut ErlNifEnv, handle: *mut c_void) {
    // SAFETY: the VM calls this once for each resource, which `into_term` has made a `Handle`.
    unsafe { ptr::drop_in_place(handle.cast::<Handle>()) }
}

impl Handle {
    /// The resource as a term, which keeps it alive.
    pub(crate) fn into_term(self, env: Env) -> Term {
        // SAFETY: the type is open since loading; the memory is as large as asked for and aligned
        // for any type, and written before the VM or anyone else sees it.
        unsafe {
            let handle =
                enif_alloc_resource(RESOURCE_TYPE.load(Ordering::Relaxed), size_of::<Self>());
            ptr::write(handle.cast(), self);
            let term = Term::new(env, enif_make_resource(env.as_c_arg(), handle));
            enif_release_resource(handle);
            term
        }
    }
}

impl<'a> Decoder<'a> for &'a Handle {
    #[inline]
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let mut handle = null();
        // SAFETY: where the VM says that the term is of this type, `handle` points to a `Handle`, which
        // lives at least as long as the term.
        unsafe {
            let (env, resource_type) =
                (term.get_env().as_c_arg(), RESOURCE_TYPE.load(Ordering::Relaxed));
            match enif_get_resource(env, term.as_c_arg(), resource_type, &raw mut handle) {
                0 => Err(Error::BadArg),
                _ => Ok(&*handle.cast()),
            }
        }
    }
}
