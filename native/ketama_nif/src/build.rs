//! Makes continua: from a list, from the contents of a servers file, from another continuum.

// rustler passes decoded arguments by value.
#![allow(clippy::needless_pass_by_value)]

use crate::call::{Budget, Stop, nif};
use crate::handle::Handle;
use crate::list::{Cells, make_list};
use crate::registry::Ring;
use crate::{atoms, server_binary};
use ketama::servers_file::{self, InvalidLine, MAX_LINE, Trap};
use ketama::{BuildError, Continuum, DIALECTS, Dialect, Excess, Hash, Options, Server};
use rustler::types::atom::{error, ok};
use rustler::{Atom, Binary, Decoder, Encoder, Env, Error, NewBinary, NifResult, Term};
use std::collections::HashSet;
use std::num::NonZeroU32;

/// The options of `new/2`: a map with any of `dialect`, `hash`, `hash_tag` and `ketama_points`.
#[derive(Clone, Copy)]
struct Chosen(Options);

impl Decoder<'_> for Chosen {
    fn decode(term: Term) -> NifResult<Self> {
        let size = term.map_size()?;
        let dialect = option(term, atoms::dialect());
        let hash = option(term, atoms::hash());
        let tag = option(term, atoms::hash_tag());
        let points = option(term, atoms::ketama_points());
        if [dialect, hash, tag, points].iter().flatten().count() < size {
            return Err(Error::BadArg);
        }
        let mut options = match dialect {
            Some(name) => Options::new(named(name, Dialect::named)?),
            None => Options::default(),
        };
        if let Some(name) = hash {
            options = options.with_hash(named(name, Hash::named)?).ok_or(Error::BadArg)?;
        }
        if let Some(tag) = tag {
            let tag = tag.decode::<Binary>()?.as_slice().try_into().map_err(|_| Error::BadArg)?;
            options = options.with_tag(tag).ok_or(Error::BadArg)?;
        }
        if let Some(points) = points {
            let points = NonZeroU32::new(points.decode()?).ok_or(Error::BadArg)?;
            options = options.with_ketama_points(points).ok_or(Error::BadArg)?;
        }
        Ok(Self(options))
    }
}

fn option(map: Term, key: Atom) -> Option<Term> {
    map.map_get(key).ok()
}

fn named<T>(name: Term, row: fn(&str) -> Option<&'static T>) -> NifResult<&'static T> {
    row(&name.atom_to_string()?).ok_or(Error::BadArg)
}

/// The clients with their key hashes. The default client comes first, and so does each client's default hash.
#[rustler::nif]
fn dialects(env: Env) -> NifResult<Term> {
    let atom = |name: &str| Atom::from_str(env, name);
    let row = |dialect: &'static Dialect| {
        let default = Options::new(dialect).hash().name();
        let others = dialect.hashes().iter().copied().filter(|&name| name != default);
        let hashes: NifResult<Vec<_>> = [default].into_iter().chain(others).map(atom).collect();
        Ok((atom(dialect.name())?, hashes?).encode(env))
    };
    let rows: NifResult<Vec<_>> = DIALECTS.iter().map(row).collect();
    Ok(rows?.encode(env))
}

/// The largest values that servers and options may have.
#[rustler::nif]
fn limits(env: Env) -> NifResult<Term> {
    Term::map_from_pairs(
        env,
        &[
            (atoms::ketama_points(), NonZeroU32::MAX.get().encode(env)),
            (atoms::line_bytes(), MAX_LINE.encode(env)),
            (atoms::name_bytes(), Server::MAX_NAME.encode(env)),
            (atoms::total_weight(), u64::MAX.encode(env)),
            (atoms::weight(), Server::MAX_WEIGHT.encode(env)),
        ],
    )
}

/// Raises `badarg` if the options are wrong.
#[rustler::nif]
fn check_options(options: Term) -> NifResult<Atom> {
    Chosen::decode(options).map(|_| ok())
}

#[rustler::nif(schedule = "DirtyCpu")]
fn parse<'a>(env: Env<'a>, contents: Binary<'a>, options: Chosen) -> NifResult<Term<'a>> {
    let file = match servers_file::parse(&contents) {
        Ok(file) => file,
        Err(InvalidLine { line, fault }) => {
            let fault = Atom::from_str(env, fault.name())?;
            return Ok((error(), (atoms::invalid_line(), line, fault)).encode(env));
        }
    };
    match Continuum::new(file.servers, options.0) {
        Ok(continuum) => {
            let traps = file.traps.iter().map(|(line, trap)| trap_term(env, *line, trap));
            Ok(made(env, continuum, traps.collect()))
        }
        Err(reason) => build_error(env, reason),
    }
}

nif!(c"new", 3, new);

/// The continuum of a list of servers, whose names have `bytes` in all, or fewer if a dirty scheduler should read
/// them.
fn new<'a>(
    env: Env<'a>,
    [list, options, bytes]: [Term<'a>; 3],
    budget: &mut Budget,
) -> Result<Term<'a>, Stop> {
    budget.spend_on_bytes(bytes.decode()?)?;
    let Chosen(options) = options.decode()?;
    let mut entries = Cells::of(list);
    let mut servers = Vec::new();
    let mut invalid = None;
    for entry in &mut entries {
        // Decodes the entry and copies the name.
        budget.spend(8)?;
        match decode_server(entry) {
            Some(server) => servers.push(server),
            None => invalid = invalid.or(Some(entry)),
        }
    }
    if !entries.are_done() {
        return Err(Error::BadArg.into());
    }
    if let Some(entry) = invalid {
        return Ok(invalid_server(env, entry));
    }
    let points = Continuum::point_count(&servers, options).unwrap_or(0);
    let longest = servers.iter().map(|server| server.name().len()).max().unwrap_or(0);
    budget.spend(points.saturating_mul(options.dialect().work_of_point(longest)))?;
    match Continuum::new(servers, options) {
        Ok(continuum) => Ok(made(env, continuum, Vec::new())),
        Err(BuildError::TotalOutOfRange(index)) => {
            Ok(invalid_server(env, Cells::of(list).nth(index).ok_or(Error::BadArg)?))
        }
        Err(reason) => Ok(build_error(env, reason)?),
    }
}

#[rustler::nif(schedule = "DirtyCpu")]
fn without<'a>(env: Env<'a>, ring: Ring<'a>, list: Term<'a>) -> NifResult<Term<'a>> {
    let continuum = ring.continuum()?;
    list.list_length()?;
    let entries: Vec<Term> = list.decode()?;
    let mut names = Vec::with_capacity(entries.len());
    for &entry in &entries {
        match entry.decode_as_binary() {
            Ok(name) if continuum.find(&name).is_some() => names.push(name),
            _ => return Ok(invalid_server(env, entry)),
        }
    }
    let names: HashSet<_> = names.iter().map(Binary::as_slice).collect();
    match continuum.without(&names) {
        Ok(rest) => Ok((ok(), Handle::make_term(env, rest)).encode(env)),
        Err(reason) => build_error(env, reason),
    }
}

/// A pair of name and weight, or a name alone, whose weight is 1.
fn decode_server(entry: Term) -> Option<Server> {
    let (name, weight) = if entry.is_tuple() { entry.decode().ok()? } else { (entry, 1) };
    Server::new(&name.decode_as_binary().ok()?, weight).ok()
}

/// `{ok, Continuum, Warnings}`.
fn made<'a>(env: Env<'a>, continuum: Continuum, mut warnings: Vec<Term<'a>>) -> Term<'a> {
    let excesses = continuum.excesses();
    warnings.extend(excesses.iter().map(|excess| excess_term(env, &continuum, *excess)));
    let handle = Handle::make_term(env, continuum);
    (ok(), handle, make_list(env, warnings.into_iter())).encode(env)
}

fn invalid_server<'a>(env: Env<'a>, entry: Term<'a>) -> Term<'a> {
    (error(), (atoms::invalid_server(), entry)).encode(env)
}

fn build_error(env: Env, reason: BuildError) -> NifResult<Term> {
    let reason = match reason {
        BuildError::NoServers => atoms::no_servers(),
        BuildError::SystemLimit => atoms::system_limit(),
        // Neither a file that was read nor a part of a continuum has it, and the entry of a list is named.
        BuildError::TotalOutOfRange(_) => return Err(Error::BadArg),
    };
    Ok((error(), reason).encode(env))
}

fn trap_term<'a>(env: Env<'a>, line: usize, trap: &Trap) -> Term<'a> {
    let trap = match trap {
        Trap::CutWeight { written, read } => {
            let written = Term::from(NewBinary::from_slice(env, written));
            (atoms::cut_weight(), written, *read).encode(env)
        }
        Trap::LongLine { limit } => (atoms::long_line(), *limit).encode(env),
    };
    (atoms::line(), line, trap).encode(env)
}

fn excess_term<'a>(env: Env<'a>, continuum: &Continuum, excess: Excess) -> Term<'a> {
    match excess {
        Excess::Servers { limit } => (atoms::too_many_servers(), limit).encode(env),
        Excess::Total { limit } => (atoms::total_too_large(), limit).encode(env),
        Excess::Label { server, limit } => {
            let name = server_binary(env, &continuum.servers()[server]);
            (atoms::label_too_long(), name, limit).encode(env)
        }
    }
}
