//! The NIF of `ketama_nif.erl`: decode, call, encode.

use ketama::Server;
use rustler::{Env, NewBinary, Term};

// Many keys in one call.
mod batch;
// Makes continua from lists, files and other continua.
mod build;
// Runs a call, and moves it to a dirty scheduler if it takes long.
mod call;
// The VM's reference to a continuum.
mod handle;
// What a continuum is made of.
mod inspect;
// Erlang's lists and maps.
mod list;
// One short key.
mod lookup;
// The continua that have names.
mod registry;

mod atoms {
    rustler::atoms! {
        // Options.
        dialect,
        hash,
        hash_tag,
        ketama_points,
        // Of a continuum.
        bytes,
        fingerprint,
        points,
        servers,
        // Of a name.
        not_started,
        // Of limits.
        line_bytes,
        name_bytes,
        total_weight,
        weight,
        // Of BuildError.
        invalid_line,
        invalid_server,
        no_servers,
        system_limit,
        // Of Trap and Excess.
        cut_weight,
        label_too_long,
        line,
        long_line,
        too_many_servers,
        total_too_large,
    }
}

rustler::init!("ketama_nif", load = handle::load);

/// The name of a server.
fn server_binary<'a>(env: Env<'a>, server: &Server) -> Term<'a> {
    NewBinary::from_slice(env, server.name()).into()
}
