//! The lookup of many keys in one call.
//!
//! The callers in Erlang say how many keys there are and how many bytes they have in all, which the
//! VM counts in time slices of its own: to look at a key that does not start at a byte, the VM copies it.

use crate::call::{Budget, Stop, nif};
use crate::list::{Cells, make_list, make_map, prepend};
use crate::registry::Ring;
use crate::server_binary;
use ketama::{Continuum, Except, LANES};
use rustler::{Binary, Env, Error, Term};
use smallvec::{SmallVec, smallvec};

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
    let mut names = NameCache::new(env, continuum, count);
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
    // A place for each server.
    budget.spend(continuum.servers().len() / 64)?;
    let owners = owners(continuum, binaries, count, except, budget)?;
    let keys: Short<Term> = Cells::of(keys).collect();
    let mut groups = Groups::of(env, continuum);
    for (&key, &owner) in keys.iter().zip(&owners).rev() {
        groups.add(continuum.canonical(owner), key);
    }
    let servers =
        groups.owners.iter().map(|&owner| server_binary(env, &continuum.servers()[owner]));
    let servers: Short<_> = servers.collect();
    Ok(make_map(env, &servers, &groups.lists).ok_or(Error::BadArg)?)
}

/// A vector that takes no memory of its own for a short list of keys.
type Short<T> = SmallVec<[T; 32]>;

/// The keys of each server: lists that grow at their start.
struct Groups<'a> {
    env: Env<'a>,
    /// For each server the place of its list, from 1 on; 0 where it has none.
    places: Short<usize>,
    owners: Short<usize>,
    lists: Short<Term<'a>>,
}

impl<'a> Groups<'a> {
    fn of(env: Env<'a>, continuum: &Continuum) -> Self {
        let places = smallvec![0; continuum.servers().len()];
        Self { env, places, owners: Short::new(), lists: Short::new() }
    }

    #[inline]
    fn add(&mut self, owner: usize, key: Term<'a>) {
        let place = &mut self.places[owner];
        if *place == 0 {
            self.owners.push(owner);
            self.lists.push(Term::list_new_empty(self.env));
            *place = self.lists.len();
        }
        let list = &mut self.lists[*place - 1];
        *list = prepend(self.env, key, *list);
    }
}

/// What `count` keys of so many `bytes` in all take: some units each, and a few more for the name of each
/// server that is made.
fn spend(
    continuum: &Continuum,
    units: usize,
    count: usize,
    bytes: Term,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let names = count.min(continuum.servers().len());
    budget.spend(count.saturating_mul(units).saturating_add(4 * names))?;
    budget.spend_on_bytes(bytes.decode()?)
}

/// The owners of keys. The atom `not_binaries` where one of the keys is none.
fn owners(
    continuum: &Continuum,
    list: Term,
    count: usize,
    except: Term,
    budget: &mut Budget,
) -> Result<Short<usize>, Stop> {
    let except = decode_except(continuum, except, budget)?;
    let mut owners = Short::with_capacity(count.min(4096));
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
                    let walk = |left: &mut usize| continuum.owner_except(key, except, left);
                    owners.push(budget.spend_on_points(walk)?);
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

/// The names of servers, so that their keys share one binary: of all servers, or of as many as there are keys.
struct NameCache<'a, 'b> {
    env: Env<'a>,
    continuum: &'b Continuum,
    /// A server and its name, at the place of the server's lower bits.
    names: Short<(usize, Term<'a>)>,
}

impl<'a, 'b> NameCache<'a, 'b> {
    fn new(env: Env<'a>, continuum: &'b Continuum, keys: usize) -> Self {
        let places = continuum.servers().len().min(keys).next_power_of_two();
        let none = (usize::MAX, Term::list_new_empty(env));
        Self { env, continuum, names: smallvec![none; places] }
    }

    #[inline]
    fn get(&mut self, owner: usize) -> Term<'a> {
        let place = owner & (self.names.len() - 1);
        let (named, name) = &mut self.names[place];
        if *named != owner {
            *named = owner;
            *name = server_binary(self.env, &self.continuum.servers()[owner]);
        }
        *name
    }
}
