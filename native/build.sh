#!/bin/sh
# Puts the shared library and the .appup into the folder that ketama is built into. rebar3 runs it before it compiles,
# for Mix, too. It writes nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "ketama: $1" >&2
    exit 1
}

# The library that cargo makes, for the target and with the flags of the user's settings: any flag on cargo's command
# line would replace them.
build() {
    need=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || have=
    [ -n "$have" ] ||
        fail "cargo not found; install Rust $need or newer, from https://rustup.rs, or set KETAMA_LIBRARY to a library built elsewhere."
    awk -v have="$have" -v need="$need" 'BEGIN {
        split(have, h, "."); split(need, n, ".")
        exit !(h[1] + 0 > n[1] + 0 || h[1] + 0 == n[1] + 0 && h[2] + 0 >= n[2] + 0)
    }' || fail "cargo is $have; install Rust $need or newer, from https://rustup.rs."
    # The path is in a JSON string.
    library=$(RUSTC_WORKSPACE_WRAPPER=$PWD/native/rustc.sh cargo build --release --locked --package ketama_nif \
        --message-format json-render-diagnostics |
        sed -n '/"filenames":\[".*libketama_nif/ {
            s/.*"filenames":\["\(.*libketama_nif\.[a-z]*\)".*/\1/
            s/\\\(["\\]\)/\1/g
            p
        }')
    [ -n "$library" ] || exit 1
}

# What kind of machine a file is for: of ELF the word size, byte order and processor. Nothing of what is no library.
machine() {
    od -A n -t x1 -N 20 "$1" | tr -d ' \n' |
        sed -n 's/^7f454c46\(....\).*\(....\)$/ELF \1\2/p; s/^cffaedfe.*/Mach-O/p; s/^cafebabe.*/Mach-O/p'
}
check() {
    case $library in /*) ;; *) fail "$library is not an absolute path." ;; esac
    [ -f "$library" ] && [ -r "$library" ] || fail "$library is not a file that can be read."
    theirs=$(machine "$library")
    [ -n "$theirs" ] && grep -q ketama_nif_nif_init "$library" || fail "$library is not ketama's shared library."
    ours=$(machine /proc/self/exe 2>/dev/null) || ours=
    [ -n "${CARGO_BUILD_TARGET-}" ] || [ -z "$ours" ] || [ "$theirs" = "$ours" ] ||
        fail "$library is for another kind of machine; if that is what you want, set CARGO_BUILD_TARGET, too."
}

# Puts $1 to $2, whole or not at all: another build may do the same, and a library that a VM has loaded is replaced,
# not written into.
put() {
    if ! cmp -s "$1" "$2"; then
        new=$(mktemp "$2.XXXXXX")
        trap 'rm -f "$new"' EXIT
        cp -p "$1" "$new"
        mv -f "$new" "$2"
    fi
}

# A package has the library beside this script.
library=${KETAMA_LIBRARY:-}
[ -n "$library" ] || [ ! -e native/libketama_nif.so ] || library=$PWD/native/libketama_nif.so
if [ -n "$library" ]; then
    check
else
    build
fi

# Mix says where ketama goes. rebar3 says it of all applications, and has linked our modules there already.
app=${REBAR_BARE_COMPILER_OUTPUT_DIR-}
for lib in "${REBAR_DEPS_DIR-}" "${REBAR_CHECKOUTS_OUT_DIR-}"; do
    [ -n "$app" ] || [ ! "$lib/ketama/erlang" -ef erlang ] || app=$lib/ketama
done
app=${app:-_build/default/lib/ketama}

# rebar3 and Mix link priv/ to the source's, which would be one for all targets. Another build may do the same here.
for again in 1 2 3 4 5; do
    mkdir -p "$app/ebin" "$app/priv" 2>/dev/null && [ ! -L "$app/priv" ] && break
    rm -f "$app/priv" 2>/dev/null || :
done
# The VM looks for .so, on macOS too.
put "$library" "$app/priv/libketama_nif.so"
put erlang/ketama.appup "$app/ebin/ketama.appup"
