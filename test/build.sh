#!/bin/sh
# native/build.sh: with nothing to do, without cargo, many times at once, with the user's flags, in any folder, for
# musl, with a library built elsewhere, for several targets. All but the first use a crate of one function.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET KETAMA_LIBRARY
priv=_build/default/lib/ketama/priv

rebar3 compile >"$work/said" 2>&1 || fail "$(cat "$work/said")"
touch "$work/before"
sh native/build.sh 2>"$work/said"
! grep Compiling "$work/said" || fail "native/build.sh compiles though nothing changed"
[ -z "$(find erlang _build/default/lib/ketama -newer "$work/before")" ] ||
    fail "native/build.sh writes though nothing changed"

# Makes a checkout whose crate is a function that returns 1.
crate() {
    mkdir -p "$1/native/ketama_nif/src"
    cp "$root/native/build.sh" "$root/native/rustc.sh" "$1/native/"
    cp -R "$root/erlang" "$root/src" "$root/rebar.config" "$1/"
    sed '/^\[lints\]/,/^$/d; /^\[dependencies\]/,$d' "$root/native/ketama_nif/Cargo.toml" >"$1/native/ketama_nif/Cargo.toml"
    sed 's/"native\/ketama", //; /^\[profile/,$d' "$root/Cargo.toml" >"$1/Cargo.toml"
    function "$1" 1
    cargo generate-lockfile --offline --quiet --manifest-path "$1/Cargo.toml"
}
function() {
    cat >"$1/native/ketama_nif/src/lib.rs" <<EOF
#[unsafe(no_mangle)] pub extern "C" fn ketama_nif_nif_init() -> u32 { $2 }
#[cfg(flagged)] #[unsafe(no_mangle)] pub extern "C" fn ketama_flagged() {}
EOF
}

# The tools of the build except cargo.
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

# Runs a dozen builds at once, either the first ones or ones that replace a library. This mv waits until all have made
# their copy, so that none is put in place before.
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
    cmp "$work/many/target/release/libketama_nif.so" "$work/many/$priv/libketama_nif.so"
    [ "$(ls "$work/many/$priv")" = libketama_nif.so ] || fail "many builds leave: $(ls "$work/many/$priv")"
}
crate "$work/many"
many
function "$work/many" 2
many

# While the new library is copied, the old one must still be there, whole: this cp looks.
mkdir "$work/slow"
cat >"$work/slow/cp" <<EOF
#!/bin/sh
for to; do :; done
echo half >"\$to"
cmp "$work/old" "$work/many/$priv/libketama_nif.so" && touch "$work/looked"
exec $(command -v cp) "\$@"
EOF
chmod +x "$work/slow/cp"
cp "$work/many/$priv/libketama_nif.so" "$work/old"
function "$work/many" 3
PATH=$work/slow:$PATH sh "$work/many/native/build.sh" 2>"$work/said" || fail "$(cat "$work/said")"
[ -e "$work/looked" ] || fail "native/build.sh leaves half a library for a while"
! cmp -s "$work/old" "$work/many/$priv/libketama_nif.so" || fail "native/build.sh does not replace the library"

# The user's flags, wherever they are set, are all kept and do not disturb the build.
user=$work/user/ketama
crate "$user"
builds() {
    what=$1
    shift
    env CARGO_HOME="$work/home" "$@" sh "$user/native/build.sh" >"$work/said" 2>&1 || fail "$what: $(cat "$work/said")"
}
flagged() {
    grep -qa ketama_flagged "$user/$priv/libketama_nif.so"
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

# Folders of any name, for the checkout and for cargo's output.
odd="$work/it's a \"folder\" in \\ é"
crate "$odd"
for folder in "$odd/target" "$odd/else where"; do
    (cd / && CARGO_TARGET_DIR=$folder sh "$odd/native/build.sh") >"$work/said" 2>&1 || fail "$(cat "$work/said")"
    cmp "$folder/release/libketama_nif.so" "$odd/$priv/libketama_nif.so" || fail "the library is not from $folder"
    rm "$odd/$priv/libketama_nif.so"
done

# musl's targets, whatever flags the user has. The linker is this machine's, and so is the C library that it finds.
musl=$(uname -m)-unknown-linux-musl
if [ -d "$(rustc --print sysroot)/lib/rustlib/$musl" ]; then
    without CARGO_BUILD_TARGET="$musl"
    kept "flags for musl" CARGO_BUILD_TARGET="$musl" RUSTFLAGS="--cfg flagged -C target-feature=+crt-static"
    builds "musl" CARGO_BUILD_TARGET="$musl"
    needs=$(readelf -d "$user/$priv/libketama_nif.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    echo "$needs" | grep -q 'libc\.' || fail "a library for musl has a C runtime of its own; it needs $needs"
    echo "build: for $musl it needs $needs"
else
    echo "build: not tried for musl; rustup target add $musl"
fi
kept "flags for a C runtime of its own" RUSTFLAGS="--cfg flagged -C target-feature=+crt-static"

# A library built elsewhere is used instead of cargo.
given=$work/given
crate "$given"
rm "$given/Cargo.toml" "$work/bin/cargo"
for tool in od tr grep cmp cp mv rm mkdir mktemp chmod uname wc; do
    ln -s "$(command -v "$tool")" "$work/bin/"
done
without_cargo() {
    PATH=$work/bin KETAMA_LIBRARY="$1" sh "$given/native/build.sh" >"$work/said" 2>&1
}
library="$work/it's the library.so"
cp "$user/$priv/libketama_nif.so" "$library"
without_cargo "$library" || fail "a library built elsewhere: $(cat "$work/said")"
cmp "$library" "$given/$priv/libketama_nif.so"
not_taken() {
    ! without_cargo "$1" || fail "native/build.sh takes $1"
    [ "$(cat "$work/said")" = "ketama: $1 $2" ] || fail "of $1 native/build.sh says: $(cat "$work/said")"
    cmp "$library" "$given/$priv/libketama_nif.so"
}
not_taken "$work/none" "is not a file that can be read."
not_taken "$work" "is not a file that can be read."
not_taken library.so "is not an absolute path."
not_taken "$root/native/build.sh" "is not ketama's shared library."
not_taken "$(command -v od)" "is not ketama's shared library."
if [ -e /proc/self/exe ]; then
    { head -c 18 "$library" && printf '\376\377' && tail -c +21 "$library"; } >"$work/other.so"
    not_taken "$work/other.so" "is for another kind of machine; if that is what you want, set CARGO_BUILD_TARGET, too."
    (export CARGO_BUILD_TARGET=other && without_cargo "$work/other.so") || fail "a cross build: $(cat "$work/said")"
    cmp "$work/other.so" "$given/$priv/libketama_nif.so"
fi
if [ "$(od -A n -t x1 -N 6 /proc/self/exe 2>/dev/null)" = " 7f 45 4c 46 02 01" ]; then
    cp "$library" "$given/$priv/libketama_nif.so"
    for bytes in 64 4096 "$(($(wc -c <"$library") - 1))"; do
        head -c "$bytes" "$library" >"$work/cut.so"
        # A file cut off before the name of its function cannot be told to be ketama's.
        grep -q ketama_nif_nif_init "$work/cut.so" || continue
        not_taken "$work/cut.so" "is cut short."
    done
fi
not_taken "$work/back\\nslash.so" "is not a file that can be read."
cp "$library" "$given/native/libketama_nif.so"
without_cargo "" || fail "a package: $(cat "$work/said")"
cmp "$library" "$given/$priv/libketama_nif.so"

# Each build folder has the library of its target. This cargo makes a file that names the target instead.
mkdir "$work/targets"
cat >"$work/targets/cargo" <<EOF
#!/bin/sh
[ "\$1" = build ] || exec $(command -v cargo) "\$@"
echo "\${CARGO_BUILD_TARGET:-host}" >"$work/libketama_nif.so"
echo '{"filenames":["$work/libketama_nif.so"]}'
EOF
chmod +x "$work/targets/cargo"
for_target() {
    target=$1
    shift
    (
        [ "$target" = host ] || export CARGO_BUILD_TARGET="$target"
        PATH=$work/targets:$PATH "$@"
    ) >"$work/said" 2>&1 || fail "$(cat "$work/said")"
}
holds() {
    found=$(cat "$1/ketama/priv/libketama_nif.so")
    [ "$found" = "$2" ] || fail "$1 has the library for $found, not for $2"
}
# The library that an older version built is still there.
crate "$work/source"
mkdir "$work/source/priv"
echo old >"$work/source/priv/libketama_nif.so"

mkdir -p "$work/umbrella/apps" "$work/checkout/_checkouts" "$work/checkout/src"
cp -R "$work/source" "$work/umbrella/apps/ketama"
ln -s "$work/source" "$work/checkout/_checkouts/ketama"
echo '{deps, [ketama]}.' >"$work/checkout/rebar.config"
echo '{application, fleet, [{vsn, "1"}]}.' >"$work/checkout/src/fleet.app.src"
for project in umbrella/lib checkout/checkouts; do
    cd "$work/${project%/*}"
    for_target host rebar3 compile
    for_target other rebar3 as rpi4 compile
    holds "_build/default/${project#*/}" host
    holds "_build/rpi4/${project#*/}" other
    for_target host rebar3 compile
    holds "_build/rpi4/${project#*/}" other
done

mix_project "$work/mix" "$work/source"
cd "$work/mix"
for_target host mix compile
MIX_TARGET=rpi4 for_target other mix compile
holds _build/dev/lib host
holds _build/rpi4_dev/lib other
for_target host mix deps.compile --force
holds _build/dev/lib host
holds _build/rpi4_dev/lib other

echo "build: nothing to do, no cargo, many at once, flags, folders, libraries built elsewhere, targets"
