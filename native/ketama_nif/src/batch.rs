//! Lookups of many keys in one call.
//!
//! The Erlang callers pass the number of keys and their size in bytes. Erlang can be preempted while it
//! counts them; a NIF cannot, and the VM copies a key that does not start at a byte when a NIF looks at it.

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

/// A map from each server that owns any of the keys to its keys, in their order. `binaries` has the same
/// keys, all as binaries.
fn group<'a>(
    env: Env<'a>,
    [ring, keys, binaries, except, count, bytes]: [Term<'a>; 6],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    let ring: Ring = ring.decode()?;
    let continuum = ring.continuum()?;
    let count = count.decode()?;
    spend(continuum, 2, count, bytes, budget)?;
    // `Groups::lists_of` has an entry for each server.
    budget.spend(continuum.servers().len() / 64)?;
    let owners = owners(continuum, binaries, count, except, budget)?;
    let keys: ShortVec<Term> = Cells::of(keys).collect();
    let mut groups = Groups::of(env, continuum);
    for (&key, &owner) in keys.iter().zip(&owners).rev() {
        groups.add(continuum.canonical(owner), key);
    }
    let servers =
        groups.owners.iter().map(|&owner| server_binary(env, &continuum.servers()[owner]));
    let servers: ShortVec<_> = servers.collect();
    Ok(make_map(env, &servers, &groups.lists).ok_or(Error::BadArg)?)
}

/// A vector that allocates nothing for a short list of keys.
type ShortVec<T> = SmallVec<[T; 32]>;

/// The keys of each server, in lists that grow at the front.
struct Groups<'a> {
    env: Env<'a>,
    /// For each server, the index of its list plus 1; 0 if it has none.
    lists_of: ShortVec<usize>,
    owners: ShortVec<usize>,
    lists: ShortVec<Term<'a>>,
}

impl<'a> Groups<'a> {
    fn of(env: Env<'a>, continuum: &Continuum) -> Self {
        let lists_of = smallvec![0; continuum.servers().len()];
        Self { env, lists_of, owners: ShortVec::new(), lists: ShortVec::new() }
    }

    #[inline]
    fn add(&mut self, owner: usize, key: Term<'a>) {
        let number = &mut self.lists_of[owner];
        if *number == 0 {
            self.owners.push(owner);
            self.lists.push(Term::list_new_empty(self.env));
            *number = self.lists.len();
        }
        let list = &mut self.lists[*number - 1];
        *list = prepend(self.env, key, *list);
    }
}

/// Charges for `count` keys of `bytes` in all: `units` for each key, and four for each name that is made.
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

/// The owners of keys. If one of the keys is not a binary, the NIF returns the atom `not_binaries`.
fn owners(
    continuum: &Continuum,
    list: Term,
    count: usize,
    except: Term,
    budget: &mut Budget,
) -> Result<ShortVec<usize>, Stop> {
    let except = decode_except(continuum, except, budget)?;
    let mut owners = ShortVec::with_capacity(count.min(4096));
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

/// The servers that a lookup passes over; `None` if there are none.
fn decode_except(
    continuum: &Continuum,
    list: Term,
    budget: &mut Budget,
) -> Result<Option<Except>, Stop> {
    if list.is_empty_list() {
        return Ok(None);
    }
    let mut names = Vec::new();
    // A binary search among names that are scattered in memory.
    let units = 8 + 4 * continuum.servers().len().ilog2() as usize;
    for name in Cells::of(list) {
        budget.spend(units)?;
        names.push(Binary::from_term(name)?.as_slice());
    }
    // `Except` has a byte for each server.
    budget.spend(continuum.servers().len() / 64)?;
    Ok(Some(continuum.except(names).ok_or(Error::RaiseAtom("no_servers"))?))
}

/// The names of servers, so that the keys of a server share one binary. It has room for all servers, or for as
/// many as there are keys.
struct NameCache<'a, 'b> {
    env: Env<'a>,
    continuum: &'b Continuum,
    /// A server and its name, in the slot of the server's lower bits.
    names: ShortVec<(usize, Term<'a>)>,
}

impl<'a, 'b> NameCache<'a, 'b> {
    fn new(env: Env<'a>, continuum: &'b Continuum, keys: usize) -> Self {
        let slots = continuum.servers().len().min(keys).next_power_of_two();
        let none = (usize::MAX, Term::list_new_empty(env));
        Self { env, continuum, names: smallvec![none; slots] }
    }

    #[inline]
    fn get(&mut self, owner: usize) -> Term<'a> {
        let slot = owner & (self.names.len() - 1);
        let (named, name) = &mut self.names[slot];
        if *named != owner {
            *named = owner;
            *name = server_binary(self.env, &self.continuum.servers()[owner]);
        }
        *name
    }
}
