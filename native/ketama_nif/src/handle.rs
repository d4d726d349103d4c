//! The handle: what Erlang holds as a `continuum()`. It is not one of rustler's resources: rustler looks the
//! type of a resource up in a hash map at each decoding, which takes a tenth of a lookup.

use ketama::Continuum;
use rustler::codegen_runtime::c_void;
use rustler::sys::{
    ErlNifEnv, ErlNifResourceFlags, ErlNifResourceType, enif_alloc_resource, enif_get_resource,
    enif_keep_resource, enif_make_resource, enif_open_resource_type, enif_release_resource,
};
use rustler::{Decoder, Env, Error, NifResult, Term};
use std::ops::Deref;
use std::ptr::{self, NonNull, null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

/// The VM's reference to a continuum: a resource that holds it.
pub(crate) struct Handle(Continuum);

/// The VM's type of a [`Handle`]; null before the library is loaded.
static RESOURCE_TYPE: AtomicPtr<ErlNifResourceType> = AtomicPtr::new(null_mut());

/// Registers the type with the VM, which allows that only while it loads the library.
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

/// A continuum of more bytes is freed by a thread of its own. The VM drops a resource on any scheduler, and
/// freeing this many bytes takes 0.1 ms.
const MAX_FREED_HERE: usize = 1 << 21;

unsafe extern "C" fn drop_handle(_env: *mut ErlNifEnv, handle: *mut c_void) {
    // SAFETY: the VM calls this once for each resource, and `make_term` has written a `Handle` to it.
    let Handle(continuum) = unsafe { ptr::read(handle.cast()) };
    if continuum.bytes() > MAX_FREED_HERE {
        // If no thread can be started, the closure is dropped here, and the continuum with it.
        let _ = thread::Builder::new().spawn(move || drop(continuum));
    }
}

impl Handle {
    /// A term for the continuum. It keeps the continuum alive.
    pub(crate) fn make_term(env: Env, continuum: Continuum) -> Term {
        // SAFETY: the type is open since loading; the memory is as large as asked for and aligned
        // for any type, and written before the VM or anyone else sees it.
        unsafe {
            let handle =
                enif_alloc_resource(RESOURCE_TYPE.load(Ordering::Relaxed), size_of::<Self>());
            ptr::write(handle.cast(), Self(continuum));
            let term = Term::new(env, enif_make_resource(env.as_c_arg(), handle));
            enif_release_resource(handle);
            term
        }
    }
}

impl Deref for Handle {
    type Target = Continuum;

    #[inline]
    fn deref(&self) -> &Continuum {
        &self.0
    }
}

impl<'a> Decoder<'a> for &'a Handle {
    #[inline]
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let mut handle = null();
        // SAFETY: if the VM says that the term is of this type, `handle` points to a `Handle` that lives at
        // least as long as the term.
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

/// A reference of our own to a resource. It keeps the continuum alive, as a term does.
pub(crate) struct Kept(NonNull<Handle>);

// SAFETY: a resource may be kept, read and released by any thread; a continuum never changes.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    pub(crate) fn new(handle: &Handle) -> Self {
        let handle = NonNull::from(handle);
        // SAFETY: every `Handle` is a resource.
        unsafe { enif_keep_resource(handle.as_ptr().cast()) };
        Self(handle)
    }

    /// A term for the continuum, equal to every other one.
    pub(crate) fn term<'a>(&self, env: Env<'a>) -> Term<'a> {
        // SAFETY: the resource is kept.
        unsafe { Term::new(env, enif_make_resource(env.as_c_arg(), self.0.as_ptr().cast())) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: it was kept when this was made.
        unsafe { enif_release_resource(self.0.as_ptr().cast()) };
    }
}

impl Deref for Kept {
    type Target = Continuum;

    #[inline]
    fn deref(&self) -> &Continuum {
        // SAFETY: the resource is kept, and nobody changes it.
        unsafe { self.0.as_ref() }
    }
}
