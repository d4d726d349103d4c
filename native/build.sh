#!/bin/sh
# Puts the shared library, the .appup and the documentation into the folder that ketama is built into. rebar3 runs it
# before it compiles, for Mix, too. It writes nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'ketama: %s\n' "$1" >&2
    exit 1
}

# The library that cargo makes, for the target and with the flags of the user's settings: any flag on cargo's command
# line would replace them.
build() {
    need=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || have=
    [ -n "$have" ] ||
        fail "cargo not found; install Rust $need or newer, from https://rustup.rs, or see guides/building.md for a build without it."
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
    [ "$(printf '%s\n' "$library" | wc -l)" -eq 1 ] ||
        fail "cargo builds for several targets; set CARGO_BUILD_TARGET to one of them."
}

# Prints what kind of machine a shared library or a program is for: of ELF the word size, the byte order and the
# processor. Prints nothing for another file.
machine() {
    od -A n -t x1 -N 20 "$1" | tr -d ' \n' |
        sed -n 's/^7f454c46\(....\).*\(....\)$/ELF \1\2/p; s/^cffaedfe.*/Mach-O/p; s/^cafebabe.*/Mach-O/p'
}
# Whether the library given in cargo's place is ours, whole and for this machine. Of another machine's, which a cross
# build has, the VM that loads it says what is wrong.
check() {
    case $library in /*) ;; *) fail "$library is not an absolute path." ;; esac
    [ -f "$library" ] && [ -r "$library" ] || fail "$library is not a file that can be read."
    theirs=$(machine "$library")
    [ -n "$theirs" ] && grep -q ketama_nif_nif_init "$library" || fail "$library is not ketama's shared library."
    ours=$(machine /proc/self/exe 2>/dev/null) || ours=
    case ${CARGO_BUILD_TARGET:-$(uname -m)} in "$(uname -m)"*) ;; *) ours= ;; esac
    [ -z "$ours" ] || [ "$theirs" = "$ours" ] ||
        fail "$library is for another kind of machine; if that is what you want, set CARGO_BUILD_TARGET, too."
    # The VM would die of a library that is cut short. At the end of one of 64 bits stands a table: its offset in the
    # file, the size of an entry and their number are in the header.
    case $ours in "ELF 02"*)
        # shellcheck disable=SC2046 # three numbers
        set -- $(od -A n -t u8 -j 40 -N 8 "$library") $(od -A n -t u2 -j 58 -N 4 "$library")
        [ "$(wc -c <"$library")" -ge $(($1 + $2 * $3)) ] || fail "$library is cut short." ;;
    esac
}

# Puts $1 to $2, whole or not at all: another build may do the same, and a library that a VM has loaded is replaced,
# not written into.
put() {
    if ! cmp -s "$1" "$2"; then
        new=$(mktemp "$app/new.XXXXXX")
        trap 'rm -f "$new"' EXIT
        trap 'exit 1' HUP INT TERM
        cp "$1" "$new"
        chmod 644 "$new"
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
mkdir -p "$app/ebin" "$app/priv"
# The VM looks for .so, on macOS too.
put "$library" "$app/priv/libketama_nif.so"
put erlang/ketama.appup "$app/ebin/ketama.appup"
# What h(ketama) shows. An Erlang/OTP without edoc builds without it.
sh native/chunks.sh >/dev/null 2>&1 || :
for chunk in doc/chunks/*.chunk; do
    [ -e "$chunk" ] || continue
    mkdir -p "$app/doc/chunks"
    put "$chunk" "$app/$chunk"
done
