//! The lookup of many keys in one call.
//!
//! The callers in Erlang say how many keys there are and how many bytes they have in all, which the
//! VM counts in time slices of its own: to look at a key that does not start at a byte, the VM copies it.

use crate::call::{Budget, Stop, nif};
use crate::list::{Cells, make_list};
use crate::registry::Ring;
use crate::server_binary;
use ketama::{Continuum, Except, LANES};
use rustler::{Binary, Env, Error, Term};

nif!(c"getservers", 5, getservers);
nif!(c"group", 6, group);

/// The servers of keys, in the order of the keys.
fn getservers<'a>(
    env: Env<'a>,
    [ring, keys, except, count, bytes]: [Term<'a>; 5],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let ring: Ring = ring.decode()?;
    let continuum = ring.continuum()?;
    let count = count.decode()?;
    spend(continuum, 1, count, bytes, budget)?;
    let owners = owners(continuum, keys, count, except, budget)?;
    let mut names = NameCache { env, continuum, slots: [None; SLOTS] };
    Ok(make_list(env, owners.iter().map(|&owner| names.get(owner))))
}

/// A map from each server that owns any of the keys to its keys, in their order. `binaries` are the
/// keys as binaries.
fn group<'a>(
    env: Env<'a>,
    [ring, keys, binaries, except, count, bytes]: [Term<'a>; 6],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let ring: Ring = ring.decode()?;
    let continuum = ring.continuum()?;
    let count = count.decode()?;
    spend(continuum, 2, count, bytes, budget)?;
    let owners = owners(continuum, binaries, count, except, budget)?;
    let owners = owners.iter().map(|&owner| continuum.canonical(owner));
    let mut owned: Vec<_> = owners.zip(Cells::of(keys)).collect();
    owned.sort_by_key(|&(owner, _)| owner);
    let (mut servers, mut groups) = (Vec::new(), Vec::new());
    for group in owned.chunk_by(|(one, _), (other, _)| one == other) {
        servers.push(server_binary(env, &continuum.servers()[group[0].0]));
        groups.push(make_list(env, group.iter().map(|&(_, key)| key)));
    }
    Ok(Term::map_from_term_arrays(env, &servers, &groups)?)
}

/// What `count` keys of so many `bytes` in all take: some units each, and a few more where nearly each
/// key has a server of its own, the name of which is to be copied.
fn spend(
    continuum: &Continuum,
    units: usize,
    count: usize,
    bytes: Term,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let names = if continuum.servers().len() > SLOTS { 4 } else { 0 };
    budget.spend(count.saturating_mul(units + names))?;
    budget.spend_on_bytes(bytes.decode()?)
}

/// The owners of keys. The atom `not_binaries` where one of the keys is none.
fn owners(
    continuum: &Continuum,
    list: Term,
    count: usize,
    except: Term,
    budget: &mut Budget,
) -> Result<Vec<usize>, Stop> {
    let except = decode_except(continuum, except, budget)?;
    let mut owners = Vec::with_capacity(count.min(4096));
    let mut cells = Cells::of(list);
    loop {
        let mut keys: [&[u8]; LANES] = [&[]; LANES];
        let mut count = 0;
        for (entry, key) in keys.iter_mut().zip(&mut cells) {
            *entry = Binary::from_term(key).map_err(|_| Error::Atom("not_binaries"))?.as_slice();
            count += 1;
        }
        match &except {
            None => owners.extend(continuum.owners(&keys[..count])),
            Some(except) => {
                for key in &keys[..count] {
                    owners.push(
                        budget.spend_on_points(|left| continuum.owner_except(key, except, left))?,
                    );
                }
            }
        }
        if count < LANES {
            return if cells.are_done() { Ok(owners) } else { Err(Error::BadArg.into()) };
        }
    }
}

/// The servers that a lookup passes over; `None` where there are none.
fn decode_except(
    continuum: &Continuum,
    list: Term,
    budget: &mut Budget,
) -> Result<Option<Except>, Stop> {
    if list.is_empty_list() {
        return Ok(None);
    }
    let mut names = Vec::new();
    // A binary search among the names, which are all over the memory.
    let units = 8 + 4 * continuum.servers().len().ilog2() as usize;
    for name in Cells::of(list) {
        budget.spend(units)?;
        names.push(Binary::from_term(name)?.as_slice());
    }
    // It marks servers in a byte for each.
    budget.spend(continuum.servers().len() / 64)?;
    Ok(Some(continuum.except(names).ok_or(Error::RaiseAtom("no_servers"))?))
}

/// The names of the servers last seen, so that their keys share one binary.
struct NameCache<'a, 'b> {
    env: Env<'a>,
    continuum: &'b Continuum,
    slots: [Option<(usize, Term<'a>)>; SLOTS],
}

/// Enough for most fleets, and little to fill for a call of a few keys.
const SLOTS: usize = 64;

impl<'a> NameCache<'a, '_> {
    fn get(&mut self, owner: usize) -> Term<'a> {
        let slot = &mut self.slots[owner % SLOTS];
        match slot {
            Some((known, name)) if *known == owner => *name,
            _ => {
                let name = server_binary(self.env, &self.continuum.servers()[owner]);
                *slot = Some((owner, name));
                name
            }
        }
    }
}
