#!/bin/sh
# Puts the shared library, the .appup and the documentation into the folder that ketama is built into, and writes
# nothing if nothing has changed. rebar3 runs this before it compiles, also under Mix.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'ketama: %s\n' "$1" >&2
    exit 1
}

# Builds the library with cargo, for the target and with the flags that the user's settings name: flags on cargo's
# command line would replace them.
build() {
    need=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || have=
    [ -n "$have" ] ||
        fail "cargo not found; install Rust $need or newer, from https://rustup.rs, or see guides/building.md for a build without it."
    awk -v have="$have" -v need="$need" 'BEGIN {
        split(have, h, "."); split(need, n, ".")
        exit !(h[1] + 0 > n[1] + 0 || h[1] + 0 == n[1] + 0 && h[2] + 0 >= n[2] + 0)
    }' || fail "cargo is $have; install Rust $need or newer, from https://rustup.rs."
    # cargo prints the path as a JSON string.
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

# Prints the kind of machine that a shared library or a program is for; with ELF, that is the word size, the byte
# order and the processor. Prints nothing for other files.
machine_of() {
    od -A n -t x1 -N 20 "$1" | tr -d ' \n' |
        sed -n 's/^7f454c46\(....\).*\(....\)$/ELF \1\2/p; s/^cffaedfe.*/Mach-O/p; s/^cafebabe.*/Mach-O/p'
}

# Checks that the library given in place of cargo's is ours, for this machine and complete. For a cross build it
# checks only the first: the VM that loads the library says what is wrong.
check() {
    case $library in /*) ;; *) fail "$library is not an absolute path." ;; esac
    [ -f "$library" ] && [ -r "$library" ] || fail "$library is not a file that can be read."
    theirs=$(machine_of "$library")
    [ -n "$theirs" ] && grep -q ketama_nif_nif_init "$library" || fail "$library is not ketama's shared library."
    ours=$(machine_of /proc/self/exe 2>/dev/null) || ours=
    case ${CARGO_BUILD_TARGET:-$(uname -m)} in "$(uname -m)"*) ;; *) ours= ;; esac
    [ -z "$ours" ] || [ "$theirs" = "$ours" ] ||
        fail "$library is for another kind of machine; if that is what you want, set CARGO_BUILD_TARGET, too."
    # A library that is cut short would crash the VM. One of 64 bits ends with a table, and has the table's offset,
    # the size of an entry and the number of entries in its header.
    case $ours in "ELF 02"*)
        # shellcheck disable=SC2046 # three numbers
        set -- $(od -A n -t u8 -j 40 -N 8 "$library") $(od -A n -t u2 -j 58 -N 4 "$library")
        [ "$(wc -c <"$library")" -ge $(($1 + $2 * $3)) ] || fail "$library is cut short." ;;
    esac
}

# Copies $1 to $2 in one step: another build may do the same at this moment, and a library that a VM has loaded must
# be replaced, not overwritten.
replace() {
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

# Mix names ketama's folder. rebar3 names the folder of all applications, and has already linked our modules there.
app=${REBAR_BARE_COMPILER_OUTPUT_DIR-}
for lib in "${REBAR_DEPS_DIR-}" "${REBAR_CHECKOUTS_OUT_DIR-}"; do
    [ -n "$app" ] || [ ! "$lib/ketama/erlang" -ef erlang ] || app=$lib/ketama
done
app=${app:-_build/default/lib/ketama}

# rebar3 and Mix make priv/ a link to that of the source, which all targets would share. It takes several attempts if
# another build does the same at this moment.
for attempt in 1 2 3 4 5; do
    mkdir -p "$app/ebin" "$app/priv" 2>/dev/null && [ ! -L "$app/priv" ] && break
    rm -f "$app/priv" 2>/dev/null || :
done
mkdir -p "$app/ebin" "$app/priv"
# The VM looks for .so, on macOS too.
replace "$library" "$app/priv/libketama_nif.so"
replace erlang/ketama.appup "$app/ebin/ketama.appup"
# The documentation for h(ketama). Without edoc, ketama is built without it.
sh native/chunks.sh >/dev/null 2>&1 || :
for chunk in doc/chunks/*.chunk; do
    [ -e "$chunk" ] || continue
    mkdir -p "$app/doc/chunks"
    replace "$chunk" "$app/$chunk"
done
