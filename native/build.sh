#!/bin/sh
# Builds the NIF and puts it into priv/, and the .appup beside the modules. rebar3 runs it before it
# compiles; it copies nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."

# put FROM TO: whole or not at all. Other builds may do the same just now, and what a VM has loaded is replaced, not
# written into.
put() {
    if ! cmp -s "$1" "$2"; then
        new=$(mktemp "$2.XXXXXX")
        trap 'rm -f "$new"' EXIT
        cp -p "$1" "$new"
        mv -f "$new" "$2"
    fi
}

need=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || have=
if [ -z "$have" ]; then
    echo "ketama: cargo not found; install Rust $need or newer, from https://rustup.rs." >&2
    exit 1
fi
if ! awk -v have="$have" -v need="$need" 'BEGIN {
    split(have, h, "."); split(need, n, ".")
    exit !(h[1] + 0 > n[1] + 0 || h[1] + 0 == n[1] + 0 && h[2] + 0 >= n[2] + 0)
}'; then
    echo "ketama: cargo is $have; install Rust $need or newer, from https://rustup.rs." >&2
    exit 1
fi

# No flags and no place of our own, for they would replace the user's: cargo says where the library is, in JSON.
library=$(cargo build --release --locked --package ketama_nif --message-format json-render-diagnostics |
    sed -n '/"filenames":\[".*libketama_nif/ {
        s/.*"filenames":\["\(.*libketama_nif\.[a-z]*\)".*/\1/
        s/\\\(["\\]\)/\1/g
        p
    }')
[ -n "$library" ] || exit 1

# The VM looks for .so, on macOS too.
mkdir -p priv
put "$library" priv/libketama_nif.so

# rebar3 knows no .appup. Mix says where the application goes; rebar3 says it of all together.
case $PWD in
"${REBAR_CHECKOUTS_DIR:-none}"/*) lib=$REBAR_CHECKOUTS_OUT_DIR ;;
*) lib=${REBAR_DEPS_DIR-} ;;
esac
app=${REBAR_BARE_COMPILER_OUTPUT_DIR:-${lib:+$lib/ketama}}
if [ -n "$app" ]; then
    mkdir -p "$app/ebin"
    put erlang/ketama.appup "$app/ebin/ketama.appup"
fi
