//! The lookup of many keys in one call.
//!
//! A call takes keys from the front of a list and hands back the rest: it stops in time not to hold
//! the scheduler, and at a key that is not a short binary, which `ketama.erl` sees to.

use crate::{Ring, list, name};
use ketama::{Continuum, LANES, hashes};
use rustler::schedule::consume_timeslice;
use rustler::{Binary, Env, Term};

/// How many keys a call takes: 40 microseconds' work, or 200 where they are as long as can be.
const CHUNK: usize = 1024;

/// Longer keys, in bytes, are left to `erlang:md5/1`, which yields. `ketama.erl` has it, too.
const SHORT: usize = 512;

/// The servers of the keys, in their order, and the rest of the keys.
#[rustler::nif]
fn getservers<'a>(env: Env<'a>, ring: &'a Ring, keys: Term<'a>) -> (Term<'a>, Term<'a>) {
    let (owners, rest) = owners(env, &ring.0, keys);
    let mut names = Names { env, ring: &ring.0, known: [None; SLOTS] };
    (list(env, owners.iter().map(|&owner| names.get(owner))), rest)
}

/// `{Server, Keys}` of each server that owns any, and the rest of both lists. `binaries` are the
/// `keys` as binaries.
#[rustler::nif]
fn group<'a>(
    env: Env<'a>,
    ring: &'a Ring,
    keys: Term<'a>,
    binaries: Term<'a>,
) -> (Term<'a>, Term<'a>, Term<'a>) {
    let (ring, mut keys) = (&ring.0, keys);
    let (owners, rest) = owners(env, ring, binaries);
    let mut owned = Vec::with_capacity(owners.len());
    for owner in owners {
        let Ok((key, tail)) = keys.list_get_cell() else { break };
        owned.push((ring.namesake(owner), key));
        keys = tail;
    }
    owned.sort_by_key(|&(owner, _)| owner);
    let groups = owned.chunk_by(|(one, _), (other, _)| one == other).map(|group| {
        let server = name(env, &ring.servers()[group[0].0]);
        let keys = list(env, group.iter().map(|&(_, key)| key));
        rustler::types::tuple::make_tuple(env, &[server, keys])
    });
    (list(env, groups), keys, rest)
}

/// The owners of the keys that a call takes, and the rest of the keys.
fn owners<'a>(env: Env<'a>, ring: &Continuum, mut rest: Term<'a>) -> (Vec<usize>, Term<'a>) {
    let mut owners = Vec::with_capacity(LANES);
    // What a key costs and what a block of MD5 costs are about the same.
    let mut work = 0;
    loop {
        let mut keys: [&[u8]; LANES] = [&[]; LANES];
        let mut count = 0;
        while count < LANES
            && let Some((key, tail)) = next(rest)
        {
            keys[count] = key;
            work += 2 + key.len() / 64;
            count += 1;
            rest = tail;
        }
        let hashes = hashes(&keys[..count]);
        owners.extend(hashes[..count].iter().map(|&hash| ring.owner(hash)));
        if count < LANES || owners.len() >= CHUNK {
            // In percent of a millisecond: generous, for slower machines than those at hand.
            consume_timeslice(env, 1 + i32::try_from(work / 256).unwrap_or(99));
            return (owners, rest);
        }
    }
}

/// The first key of a list and the others, if it is a short binary.
fn next(keys: Term<'_>) -> Option<(&[u8], Term<'_>)> {
    let (key, rest) = keys.list_get_cell().ok()?;
    let key = Binary::from_term(key).ok()?.as_slice();
    (key.len() <= SHORT).then_some((key, rest))
}

/// The names of the servers last seen, so that their keys share one binary.
struct Names<'a> {
    env: Env<'a>,
    ring: &'a Continuum,
    known: [Option<(usize, Term<'a>)>; SLOTS],
}

/// Enough for most fleets, and little to fill for a call of a few keys.
const SLOTS: usize = 64;

impl<'a> Names<'a> {
    fn get(&mut self, owner: usize) -> Term<'a> {
        let slot = &mut self.known[owner % SLOTS];
        match slot {
            Some((known, name)) if *known == owner => *name,
            _ => {
                let name = name(self.env, &self.ring.servers()[owner]);
                *slot = Some((owner, name));
                name
            }
        }
    }
}
