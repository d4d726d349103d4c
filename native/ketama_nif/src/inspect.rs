//! What a continuum is: its servers and points, who owns how much, what moves, where a key is.

use crate::call::{Budget, Stop, nif};
use crate::handle::Handle;
use crate::list::make_list;
use crate::server_binary;
use ketama::ownership::{self, DiffError};
use ketama::{HASHES, Server};
use rustler::{Binary, Encoder, Env, Error, NifResult, Term};

nif!(c"hash", 2, hash);
nif!(c"hash", 3, hash_of);
nif!(c"replicas", 4, replicas);

/// libketama's hash of a key of so many bytes.
fn hash<'a>(
    env: Env<'a>,
    [key, bytes]: [Term<'a>; 2],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    budget.spend_on_bytes(bytes.decode()?)?;
    Ok(HASHES[0].of(&key.decode::<Binary>()?).encode(env))
}

/// The continuum's hash of a key of so many bytes.
fn hash_of<'a>(
    env: Env<'a>,
    [handle, key, bytes]: [Term<'a>; 3],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let handle: &Handle = handle.decode()?;
    budget.spend_on_bytes(bytes.decode()?)?;
    Ok(handle.0.hash(&key.decode::<Binary>()?).encode(env))
}

/// The first servers clockwise from a key of so many bytes.
fn replicas<'a>(
    env: Env<'a>,
    [handle, key, bytes, count]: [Term<'a>; 4],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let continuum = &handle.decode::<&Handle>()?.0;
    budget.spend_on_bytes(bytes.decode()?)?;
    let (key, count): (Binary, usize) = (key.decode()?, count.decode()?);
    // It marks servers in a byte for each.
    budget.spend(continuum.servers().len() / 64)?;
    budget.spend(count.min(continuum.servers().len()).saturating_mul(2))?;
    let found = budget.spend_on_points(|left| continuum.replicas(&key, count, left))?;
    let names = found.iter().map(|&index| server_binary(env, &continuum.servers()[index]));
    Ok(make_list(env, names))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn shares<'a>(env: Env<'a>, handle: &'a Handle) -> Vec<(Term<'a>, f64)> {
    let range = handle.0.options().hash().range();
    let shares = ownership::shares(&handle.0).into_iter();
    shares.map(|(server, count)| (server_binary(env, server), fraction(count, range))).collect()
}

type Moves<'a> = (f64, Vec<(Term<'a>, Term<'a>, f64)>);

#[rustler::nif(schedule = "DirtyCpu")]
fn diff<'a>(env: Env<'a>, old: &'a Handle, new: &'a Handle) -> NifResult<Moves<'a>> {
    let moves = ownership::diff(&old.0, &new.0).map_err(diff_error)?;
    let range = old.0.options().hash().range();
    let total = moves.iter().map(|m| m.count).sum();
    let name = |server: &Server| server_binary(env, server);
    let moves = moves.iter().map(|m| (name(m.from), name(m.to), fraction(m.count, range)));
    Ok((fraction(total, range), moves.collect()))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn moved(old: &Handle, new: &Handle) -> NifResult<f64> {
    let moved = ownership::moved(&old.0, &new.0).map_err(diff_error)?;
    Ok(fraction(moved, old.0.options().hash().range()))
}

fn diff_error(error: DiffError) -> Error {
    match error {
        DiffError::HashesDiffer => Error::BadArg,
        DiffError::SystemLimit => Error::RaiseAtom("system_limit"),
    }
}

/// A fraction of the hashes as a float, which holds each of them exactly.
#[allow(clippy::cast_precision_loss)]
fn fraction(count: u64, range: u64) -> f64 {
    count as f64 / range as f64
}

#[rustler::nif(schedule = "DirtyCpu")]
fn servers<'a>(env: Env<'a>, handle: &'a Handle) -> Vec<(Term<'a>, u64, u32)> {
    let servers = handle.0.servers().iter().zip(handle.0.counts());
    servers.map(|(server, &count)| (server_binary(env, server), server.weight(), count)).collect()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn points<'a>(env: Env<'a>, handle: &'a Handle) -> Term<'a> {
    let servers = handle.0.servers().iter();
    let names: Vec<_> = servers.map(|server| server_binary(env, server)).collect();
    let points = handle.0.points().into_iter();
    make_list(env, points.map(|(value, owner)| (value, names[owner]).encode(env)))
}
