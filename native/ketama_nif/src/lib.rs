//! The NIF of `ketama_nif.erl`: decode, call, encode.

use arc_swap::ArcSwap;
use ketama::servers_file::{self, Trap};
use ketama::shares;
use ketama::{BuildError, Continuum, Dialect, Fault, Server};
use once_cell::sync::OnceCell;
use rustler::types::atom::{error, ok};
use rustler::{Atom, Binary, Decoder, Encoder, Env, Error, NewBinary, NifResult, Term};
use std::sync::Arc;

mod batch;
mod lookup;
mod resource;

use resource::Ring;

mod atoms {
    rustler::atoms! {
        not_started,
        later,
        // Of Dialect.
        libketama,
        libmemcached,
        twemproxy,
        spymemcached,
        // Of BuildError.
        invalid_line,
        invalid_server,
        no_servers,
        system_limit,
        // Of Trap.
        cut_weight,
        long_line,
        // Of Fault.
        blank_line,
        empty_name,
        long_name,
        missing_weight,
        negative_weight,
        no_digits,
        nul_byte,
        space_in_name,
        total_out_of_range,
        weight_out_of_range,
        zero_weight,
    }
}

/// As many are walked in a fraction of a millisecond.
const FEW_POINTS: usize = 1 << 16;

rustler::init!("ketama_nif", load = resource::open);

/// A dialect as Erlang names it.
#[derive(Clone, Copy)]
struct Named(Dialect);

impl Decoder<'_> for Named {
    fn decode(term: Term) -> NifResult<Self> {
        let dialects = [
            (atoms::libketama(), Dialect::Libketama),
            (atoms::libmemcached(), Dialect::Libmemcached),
            (atoms::twemproxy(), Dialect::Twemproxy),
            (atoms::spymemcached(), Dialect::Spymemcached),
        ];
        let found = dialects.into_iter().find(|(atom, _)| *atom == term);
        found.map(|(_, dialect)| Self(dialect)).ok_or(Error::BadArg)
    }
}

/// The continuum of `getserver/1`; empty before the first `start_link`.
static DEFAULT: OnceCell<ArcSwap<Continuum>> = OnceCell::new();

#[rustler::nif(schedule = "DirtyCpu")]
fn parse<'a>(env: Env<'a>, contents: Binary<'a>, dialect: Named) -> Term<'a> {
    let invalid_line =
        |line, fault| (error(), (atoms::invalid_line(), line, name_of(fault))).encode(env);
    match servers_file::parse(&contents) {
        Err(invalid) => invalid_line(invalid.line, invalid.fault),
        Ok(file) => match Continuum::new(file.servers, dialect.0) {
            Ok(continuum) => {
                let traps = file.traps.iter().map(|(line, trap)| encode_trap(env, *line, trap));
                (ok(), resource(env, continuum), traps.collect::<Vec<_>>()).encode(env)
            }
            Err(reason) => (error(), reason_of(reason)).encode(env),
        },
    }
}

#[rustler::nif(schedule = "DirtyCpu")]
fn new<'a>(env: Env<'a>, list: Term<'a>, dialect: Named) -> NifResult<Term<'a>> {
    // The iterator panics at the end of an improper list.
    list.list_length()?;
    let entries: Vec<Term> = list.decode()?;
    let invalid_server = |entry| (error(), (atoms::invalid_server(), entry)).encode(env);
    let mut servers = Vec::with_capacity(entries.len());
    for &entry in &entries {
        match server(entry) {
            Some(server) => servers.push(server),
            None => return Ok(invalid_server(entry)),
        }
    }
    Ok(match Continuum::new(servers, dialect.0) {
        Ok(continuum) => (ok(), resource(env, continuum)).encode(env),
        Err(BuildError::TotalOutOfRange(index)) => invalid_server(entries[index]),
        Err(reason) => (error(), reason_of(reason)).encode(env),
    })
}

fn server(entry: Term) -> Option<Server> {
    let (name, weight): (Term, i64) = entry.decode().ok()?;
    Server::new(&name.decode_as_binary().ok()?, weight).ok()
}

// It frees the old one, which takes its time where that is large.
#[rustler::nif(schedule = "DirtyCpu")]
fn set_default(ring: &Ring) -> Atom {
    DEFAULT.get_or_init(|| ArcSwap::new(ring.0.clone())).store(ring.0.clone());
    ok()
}

#[rustler::nif(name = "default")]
fn get_default(env: Env) -> NifResult<Term> {
    Ok(Ring(default()?.load_full()).into_term(env))
}

#[rustler::nif]
fn at<'a>(env: Env<'a>, ring: &'a Ring, hash: u32) -> Term<'a> {
    name(env, ring.0.at(hash))
}

#[rustler::nif(name = "at")]
fn at_default(env: Env, hash: u32) -> NifResult<Term> {
    Ok(name(env, default()?.load().at(hash)))
}

/// `later` where it could take long.
#[rustler::nif]
fn replicas<'a>(env: Env<'a>, ring: &'a Ring, hash: u32, count: usize) -> Term<'a> {
    if ring.0.points().len() > FEW_POINTS {
        return atoms::later().encode(env);
    }
    replica_names(env, ring, hash, count).encode(env)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn replicas_later<'a>(env: Env<'a>, ring: &'a Ring, hash: u32, count: usize) -> Vec<Term<'a>> {
    replica_names(env, ring, hash, count)
}

fn replica_names<'a>(env: Env<'a>, ring: &Ring, hash: u32, count: usize) -> Vec<Term<'a>> {
    ring.0.replicas(hash, count).iter().map(|server| name(env, server)).collect()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn shares<'a>(env: Env<'a>, ring: &'a Ring) -> Vec<(Term<'a>, f64)> {
    let shares = shares::shares(&ring.0);
    shares.into_iter().map(|(server, count)| (name(env, server), share(count))).collect()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn diff<'a>(env: Env<'a>, old: &'a Ring, new: &'a Ring) -> (f64, Vec<(Term<'a>, Term<'a>, f64)>) {
    let moves = shares::diff(&old.0, &new.0);
    let total = moves.iter().map(|m| m.count).sum();
    let moves = moves.iter().map(|m| (name(env, m.from), name(env, m.to), share(m.count)));
    (share(total), moves.collect())
}

#[rustler::nif(schedule = "DirtyCpu")]
fn servers<'a>(env: Env<'a>, ring: &'a Ring) -> Vec<(Term<'a>, u64, u32)> {
    let mut counts = vec![0; ring.0.servers().len()];
    for point in ring.0.points() {
        counts[point.owner()] += 1;
    }
    let servers = ring.0.servers().iter().zip(counts);
    servers.map(|(server, count)| (name(env, server), server.weight(), count)).collect()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn points<'a>(env: Env<'a>, ring: &'a Ring) -> Term<'a> {
    let names: Vec<_> = ring.0.servers().iter().map(|server| name(env, server)).collect();
    let points = ring.0.points().iter();
    list(env, points.map(|point| (point.value(), names[point.owner()]).encode(env)))
}

/// A part of the hash values as a float, which holds every such part exactly.
#[allow(clippy::cast_precision_loss)]
fn share(count: u64) -> f64 {
    count as f64 / shares::ALL as f64
}

fn default() -> NifResult<&'static ArcSwap<Continuum>> {
    DEFAULT.get().ok_or_else(|| Error::RaiseTerm(Box::new(atoms::not_started())))
}

fn resource(env: Env, continuum: Continuum) -> Term {
    Ring(Arc::new(continuum)).into_term(env)
}

fn name<'a>(env: Env<'a>, server: &Server) -> Term<'a> {
    NewBinary::from_slice(env, server.name()).into()
}

/// The terms as a list, made from its end on.
fn list<'a>(env: Env<'a>, terms: impl DoubleEndedIterator<Item = Term<'a>>) -> Term<'a> {
    terms.rev().fold(Term::list_new_empty(env), Term::list_prepend)
}

fn encode_trap<'a>(env: Env<'a>, line: usize, trap: &Trap) -> Term<'a> {
    match trap {
        Trap::CutWeight { written, read } => {
            (line, (atoms::cut_weight(), Term::from(NewBinary::from_slice(env, written)), *read))
                .encode(env)
        }
        Trap::LongLine => (line, atoms::long_line()).encode(env),
    }
}

fn reason_of(reason: BuildError) -> Atom {
    match reason {
        BuildError::NoServers => atoms::no_servers(),
        BuildError::TotalOutOfRange(_) => name_of(Fault::TotalOutOfRange),
        BuildError::SystemLimit => atoms::system_limit(),
    }
}

fn name_of(fault: Fault) -> Atom {
    match fault {
        Fault::BlankLine => atoms::blank_line(),
        Fault::EmptyName => atoms::empty_name(),
        Fault::LongLine => atoms::long_line(),
        Fault::LongName => atoms::long_name(),
        Fault::MissingWeight => atoms::missing_weight(),
        Fault::NegativeWeight => atoms::negative_weight(),
        Fault::NoDigits => atoms::no_digits(),
        Fault::NulByte => atoms::nul_byte(),
        Fault::SpaceInName => atoms::space_in_name(),
        Fault::TotalOutOfRange => atoms::total_out_of_range(),
        Fault::WeightOutOfRange => atoms::weight_out_of_range(),
        Fault::ZeroWeight => atoms::zero_weight(),
    }
}
