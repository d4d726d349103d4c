//! What a continuum is made of: servers, points, shares and moves; and a key's hash and replicas.

// rustler passes decoded arguments by value.
#![allow(clippy::needless_pass_by_value)]

use crate::call::{Budget, Stop, nif};
use crate::list::make_list;
use crate::registry::Ring;
use crate::{atoms, server_binary};
use ketama::ownership::{self, DiffError};
use ketama::{HASHES, Server};
use rustler::types::atom::undefined;
use rustler::{Atom, Binary, Encoder, Env, Error, NewBinary, NifResult, Term};

nif!(c"hash", 2, hash);
nif!(c"hash", 3, hash_of);
nif!(c"replicas", 4, replicas);

/// libketama's hash of a key, whose size is `bytes`.
fn hash<'a>(
    env: Env<'a>,
    [key, bytes]: [Term<'a>; 2],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    budget.spend_on_bytes(bytes.decode()?)?;
    Ok(HASHES[0].of(&key.decode::<Binary>()?).encode(env))
}

/// The continuum's hash of a key, whose size is `bytes`.
fn hash_of<'a>(
    env: Env<'a>,
    [ring, key, bytes]: [Term<'a>; 3],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let ring: Ring = ring.decode()?;
    budget.spend_on_bytes(bytes.decode()?)?;
    Ok(ring.continuum()?.hash(&key.decode::<Binary>()?).encode(env))
}

/// The first `count` servers clockwise from a key, whose size is `bytes`.
fn replicas<'a>(
    env: Env<'a>,
    [ring, key, bytes, count]: [Term<'a>; 4],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let ring: Ring = ring.decode()?;
    let continuum = ring.continuum()?;
    budget.spend_on_bytes(bytes.decode()?)?;
    let (key, count): (Binary, usize) = (key.decode()?, count.decode()?);
    // `Continuum::replicas` has a byte for each server.
    budget.spend(continuum.servers().len() / 64)?;
    budget.spend(count.min(continuum.servers().len()).saturating_mul(2))?;
    let found = budget.spend_on_points(|left| continuum.replicas(&key, count, left))?;
    let names = found.iter().map(|&index| server_binary(env, &continuum.servers()[index]));
    Ok(make_list(env, names))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn shares<'a>(env: Env<'a>, ring: Ring<'a>) -> NifResult<Vec<(Term<'a>, f64)>> {
    let continuum = ring.continuum()?;
    let range = continuum.options().hash().range();
    let share = |(server, count)| (server_binary(env, server), fraction(count, range));
    Ok(ownership::shares(continuum).into_iter().map(share).collect())
}

type Moves<'a> = (f64, Vec<(Term<'a>, Term<'a>, f64)>);

#[rustler::nif(schedule = "DirtyCpu")]
fn diff<'a>(env: Env<'a>, old: Ring<'a>, new: Ring<'a>) -> NifResult<Moves<'a>> {
    let (old, new) = (old.continuum()?, new.continuum()?);
    let moves = ownership::diff(old, new).map_err(diff_error)?;
    let range = old.options().hash().range();
    let total = moves.iter().map(|m| m.count).sum();
    let name = |server: &Server| server_binary(env, server);
    let moves = moves.iter().map(|m| (name(m.from), name(m.to), fraction(m.count, range)));
    Ok((fraction(total, range), moves.collect()))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn moved(old: Ring, new: Ring) -> NifResult<f64> {
    let (old, new) = (old.continuum()?, new.continuum()?);
    let moved = ownership::moved(old, new).map_err(diff_error)?;
    Ok(fraction(moved, old.options().hash().range()))
}

fn diff_error(error: DiffError) -> Error {
    match error {
        DiffError::HashesDiffer => Error::BadArg,
        DiffError::SystemLimit => Error::RaiseAtom("system_limit"),
    }
}

/// A number of hashes as a fraction of all of them. A float holds each one exactly.
#[allow(clippy::cast_precision_loss)]
fn fraction(count: u64, range: u64) -> f64 {
    count as f64 / range as f64
}

#[rustler::nif(schedule = "DirtyCpu")]
fn servers<'a>(env: Env<'a>, ring: Ring<'a>) -> NifResult<Vec<(Term<'a>, u64, u32)>> {
    let continuum = ring.continuum()?;
    let servers = continuum.servers().iter().zip(continuum.counts());
    let entry =
        |(server, &count): (&Server, _)| (server_binary(env, server), server.weight(), count);
    Ok(servers.map(entry).collect())
}

#[rustler::nif(schedule = "DirtyCpu")]
fn points<'a>(env: Env<'a>, ring: Ring<'a>) -> NifResult<Term<'a>> {
    let continuum = ring.continuum()?;
    let servers = continuum.servers().iter();
    let names: Vec<_> = servers.map(|server| server_binary(env, server)).collect();
    let points = continuum.points().into_iter();
    Ok(make_list(env, points.map(|(value, owner)| (value, names[owner]).encode(env))))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn info<'a>(env: Env<'a>, ring: Ring<'a>) -> NifResult<Term<'a>> {
    let continuum = ring.continuum()?;
    let options = continuum.options();
    let atom = |name| Atom::from_str(env, name).map(|atom| atom.to_term(env));
    let binary = |bytes: &[u8]| Term::from(NewBinary::from_slice(env, bytes));
    let tag = options.tag().map_or_else(|| undefined().to_term(env), |tag| binary(&tag));
    let points: u64 = continuum.counts().iter().copied().map(u64::from).sum();
    Term::map_from_pairs(
        env,
        &[
            (atoms::dialect(), atom(options.dialect().name())?),
            (atoms::hash(), atom(options.hash().name())?),
            (atoms::hash_tag(), tag),
            (atoms::servers(), continuum.servers().len().encode(env)),
            (atoms::points(), points.encode(env)),
            (atoms::bytes(), continuum.bytes().encode(env)),
            (atoms::fingerprint(), binary(&ketama::fingerprint(continuum))),
        ],
    )
}
