#!/bin/sh
# native/build.sh: it does nothing when nothing changed, says in one sentence which cargo it needs, and runs any number
# of times at once. All but the first are tried on a crate of one function.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET

fail() {
    echo "$1" >&2
    exit 1
}

rebar3 compile >"$work/said" 2>&1 || fail "$(cat "$work/said")"
touch "$work/before"
sh native/build.sh 2>"$work/said"
! grep Compiling "$work/said" || fail "native/build.sh compiles though nothing changed"
[ -z "$(find priv erlang _build/default/lib/ketama/ebin -newer "$work/before")" ] ||
    fail "native/build.sh writes though nothing changed"

# A checkout, its crate a function that returns 1.
crate() {
    mkdir -p "$1/native/ketama_nif/src" "$1/erlang"
    cp "$root/native/build.sh" "$1/native/"
    cp "$root/erlang/ketama.appup" "$1/erlang/"
    sed '/^\[lints\]/,/^$/d; /^\[dependencies\]/,$d' "$root/native/ketama_nif/Cargo.toml" >"$1/native/ketama_nif/Cargo.toml"
    sed 's/"native\/ketama", //; /^\[profile/,$d' "$root/Cargo.toml" >"$1/Cargo.toml"
    function "$1" 1
    cargo generate-lockfile --offline --quiet --manifest-path "$1/Cargo.toml"
}
function() {
    cat >"$1/native/ketama_nif/src/lib.rs" <<EOF
#[unsafe(no_mangle)] pub extern "C" fn nif_init() -> u32 { $2 }
#[cfg(flagged)] #[unsafe(no_mangle)] pub extern "C" fn ketama_flagged() {}
EOF
}

# The tools of the build but for cargo.
mkdir "$work/bin"
for tool in sh dirname sed cut awk; do
    ln -s "$(command -v "$tool")" "$work/bin/"
done
refused() {
    ! PATH=$work/bin sh native/build.sh >"$work/said" 2>&1 || fail "native/build.sh takes $1"
    [ "$(wc -l <"$work/said")" -eq 1 ] && grep -q "$2; install Rust .* or newer, from https://rustup.rs" "$work/said" ||
        fail "of $1 native/build.sh says: $(cat "$work/said")"
}
refused "no cargo" "cargo not found"
printf '#!/bin/sh\necho "cargo 1.9.0 (0123456789 2016-01-01)"\n' >"$work/bin/cargo"
chmod +x "$work/bin/cargo"
refused "an old cargo" "cargo is 1.9.0"

# A dozen builds at once, the first ones of all or ones that replace a library: each has its copy before the first is
# put in place, for this mv waits for the others.
mkdir "$work/meet"
cat >"$work/meet/mv" <<EOF
#!/bin/sh
: >"$work/met/\$\$"
for second in \$(seq 60); do
    [ "\$(ls "$work/met" | wc -l)" -lt 12 ] || exec $(command -v mv) "\$@"
    sleep 1
done
exit 1
EOF
chmod +x "$work/meet/mv"
many() {
    rm -rf "$work/met"
    mkdir "$work/met"
    builds=
    for n in $(seq 12); do
        PATH=$work/meet:$PATH sh "$work/many/native/build.sh" >"$work/said.$n" 2>&1 &
        builds="$builds $!"
    done
    n=0
    for build in $builds; do
        n=$((n + 1))
        wait "$build" || fail "one of many builds at once fails: $(cat "$work/said.$n")"
    done
    cmp "$work/many/target/release/libketama_nif.so" "$work/many/priv/libketama_nif.so"
    [ "$(ls "$work/many/priv")" = libketama_nif.so ] || fail "many builds leave: $(ls "$work/many/priv")"
}
crate "$work/many"
many
function "$work/many" 2
many

# While the library is copied, the old one is there, whole: this cp looks.
mkdir "$work/slow"
cat >"$work/slow/cp" <<EOF
#!/bin/sh
for to; do :; done
echo half >"\$to"
cmp "$work/old" "$work/many/priv/libketama_nif.so" && touch "$work/looked"
exec $(command -v cp) "\$@"
EOF
chmod +x "$work/slow/cp"
cp "$work/many/priv/libketama_nif.so" "$work/old"
function "$work/many" 3
PATH=$work/slow:$PATH sh "$work/many/native/build.sh" 2>"$work/said" || fail "$(cat "$work/said")"
[ -e "$work/looked" ] || fail "native/build.sh leaves half a library for a while"
! cmp -s "$work/old" "$work/many/priv/libketama_nif.so" || fail "native/build.sh does not replace the library"

# The user's flags, wherever they are set: all are kept, and none is in the way.
user=$work/user/ketama
crate "$user"
builds() {
    what=$1
    shift
    env CARGO_HOME="$work/home" "$@" sh "$user/native/build.sh" >"$work/said" 2>&1 || fail "$what: $(cat "$work/said")"
}
flagged() {
    grep -qa ketama_flagged "$user/priv/libketama_nif.so"
}
without() {
    builds "no flags" "$@"
    ! flagged || fail "a library has flags that nobody set"
}
kept() {
    builds "$@"
    flagged || fail "not kept: $1"
    without env
}
target=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
without env
without CARGO_ENCODED_RUSTFLAGS=
kept RUSTFLAGS RUSTFLAGS="--cfg flagged"
kept CARGO_ENCODED_RUSTFLAGS CARGO_ENCODED_RUSTFLAGS=--cfg=flagged
kept CARGO_BUILD_RUSTFLAGS CARGO_BUILD_RUSTFLAGS="--cfg flagged"
kept "CARGO_TARGET_${target}_RUSTFLAGS" "CARGO_TARGET_${target}_RUSTFLAGS=--cfg flagged"
for file in "$work/home/config.toml" "$work/user/.cargo/config.toml"; do
    for table in build "target.'cfg(all())'"; do
        for flags in '"--cfg flagged"' '["--cfg", "flagged"]'; do
            mkdir -p "$(dirname "$file")"
            printf '[%s]\nrustflags = %s\n' "$table" "$flags" >"$file"
            builds "$(cat "$file")" env
            flagged || fail "not kept: $(cat "$file")"
            rm "$file"
            without env
        done
    done
done

# Folders of any name, for the checkout and for what cargo makes.
odd="$work/it's a \"folder\" in \\ é"
crate "$odd"
for folder in "$odd/target" "$odd/elsewhere"; do
    (cd / && CARGO_TARGET_DIR=$folder sh "$odd/native/build.sh") >"$work/said" 2>&1 || fail "$(cat "$work/said")"
    cmp "$folder/release/libketama_nif.so" "$odd/priv/libketama_nif.so" || fail "the library is not from $folder"
    rm "$odd/priv/libketama_nif.so"
done

echo "build: nothing where nothing changed, one sentence without the right cargo, any number at once, the user's flags, any folder"
