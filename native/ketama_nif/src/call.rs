//! Runs calls from the VM. `#[rustler::nif]` collects the arguments of a call in a `Vec`, which costs as much
//! as entering the NIF; the functions here do not. They move a call that takes long to a dirty scheduler.

use rustler::codegen_runtime::{c_int, handle_nif_result};
use rustler::schedule::{SchedulerFlags, consume_timeslice};
use rustler::sys::{
    ERL_NIF_THR_NORMAL_SCHEDULER, ErlNifEnv, ErlNifTerm, enif_schedule_nif, enif_thread_type,
};
use rustler::{Env, Error, NifResult, Term};
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};

/// The function that the VM calls.
pub(crate) type Entry =
    unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;

/// Runs `body` on the arguments of a call, and turns its result, error or panic into the NIF's return value.
///
/// # Safety
/// `env` is the environment of the call and `argv` points to its `N` arguments.
#[inline]
pub(crate) unsafe fn call<const N: usize>(
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

/// The work that a call may still do on its scheduler, in units of 25 to 50 ns: a short key of a list, 32
/// bytes of a long key, or a point of a new continuum.
pub(crate) struct Budget(usize);

/// About 0.1 ms. A call should hold a normal scheduler for 1 ms at most, and with cold caches a unit takes ten
/// times as long.
const UNITS: usize = 3_300;

/// The units in one percent of 1 ms, the least that a process can be charged.
const UNITS_A_PERCENT: usize = 250;

/// Why a call stops without a result.
pub(crate) enum Stop {
    /// It takes too long for a normal scheduler.
    TooLong,
    /// It failed.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Budget {
    pub(crate) fn spend(&mut self, units: usize) -> Result<(), Stop> {
        self.0 = self.0.checked_sub(units).ok_or(Stop::TooLong)?;
        Ok(())
    }

    /// Charges for keys of `bytes` in all.
    pub(crate) fn spend_on_bytes(&mut self, bytes: usize) -> Result<(), Stop> {
        self.spend(bytes / 32)
    }

    /// Runs `walk` with the number of points that it may look at, and charges for those that it has counted
    /// down: four cost a unit. `walk` returns `None` if they run out.
    pub(crate) fn spend_on_points<T>(
        &mut self,
        walk: impl FnOnce(&mut usize) -> Option<T>,
    ) -> Result<T, Stop> {
        let most = self.0.saturating_mul(4);
        let mut left = most;
        let result = walk(&mut left).ok_or(Stop::TooLong)?;
        self.spend((most - left).div_ceil(4))?;
        Ok(result)
    }
}

/// As [`call`], for a `body` that stops when its budget runs out. It then runs again from the start, on a
/// dirty scheduler and without a limit. The process is charged for the work.
///
/// # Safety
/// As for [`call`]; the VM has called `entry`, by this name and with `argc` arguments, which is `N`.
#[allow(clippy::similar_names)]
pub(crate) unsafe fn call_within_budget<const N: usize>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
    name: &CStr,
    entry: Entry,
    body: for<'a> fn(Env<'a>, [Term<'a>; N], &mut Budget) -> Result<Term<'a>, Stop>,
) -> ErlNifTerm {
    let lifetime = ();
    // SAFETY: as in `call`; a NIF may schedule a function with its own arguments, which the VM copies.
    unsafe {
        let is_dirty = enif_thread_type() != ERL_NIF_THR_NORMAL_SCHEDULER;
        let all = if is_dirty { usize::MAX } else { UNITS };
        let mut budget = Budget(all);
        let env = Env::new(&lifetime, env);
        let arguments = std::array::from_fn(|i| Term::new(env, *argv.add(i)));
        let result = match catch_unwind(AssertUnwindSafe(|| body(env, arguments, &mut budget))) {
            Ok(Ok(term)) => Ok(Ok(term)),
            Ok(Err(Stop::Failed(error))) => Ok(Err(error)),
            Ok(Err(Stop::TooLong)) if is_dirty => Ok(Err(Error::BadArg)),
            Ok(Err(Stop::TooLong)) => {
                let flags = SchedulerFlags::DirtyCpu as c_int;
                return enif_schedule_nif(env.as_c_arg(), name.as_ptr(), flags, entry, argc, argv);
            }
            Err(panic) => Err(panic),
        };
        if !is_dirty {
            let percent = 1 + (all - budget.0) / UNITS_A_PERCENT;
            consume_timeslice(env, i32::try_from(percent).unwrap_or(100));
        }
        handle_nif_result(result, env).apply(env)
    }
}

/// Registers a NIF by name and arity, with a body that takes a [`Budget`].
macro_rules! nif {
    ($name:literal, $arity:literal, $body:path) => {
        const _: () = {
            use rustler::codegen_runtime::{c_int, inventory};
            use rustler::sys::{ErlNifEnv, ErlNifTerm};

            unsafe extern "C" fn entry(
                env: *mut ErlNifEnv,
                argc: c_int,
                argv: *const ErlNifTerm,
            ) -> ErlNifTerm {
                // SAFETY: the VM passes the environment of the call and as many terms as the arity says.
                unsafe {
                    $crate::call::call_within_budget::<$arity>(env, argc, argv, $name, entry, $body)
                }
            }

            inventory::submit!(rustler::Nif {
                name: $name.as_ptr(),
                arity: $arity,
                flags: 0,
                raw_func: entry,
            });
        };
    };
}

pub(crate) use nif;
