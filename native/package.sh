#!/bin/sh
# Packs ketama with its shared library, for machines without Rust. A project builds the package like a checkout, from
# which the crates are left out. `make package' puts it and its checksum into _build/package.
set -eu
cd "$(dirname "$0")/.."
unset KETAMA_LIBRARY REBAR_DEPS_DIR REBAR_CHECKOUTS_OUT_DIR
CARGO_BUILD_TARGET=${CARGO_BUILD_TARGET:-$(rustc -vV | sed -n 's/^host: //p')}
version=$(sed -n 's/.*{vsn, "\(.*\)"}.*/\1/p' erlang/ketama.app.src)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A package names no folder of this machine and has none of its settings, which may not suit another.
unset RUSTFLAGS
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_LTO=fat \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=3 CARGO_PROFILE_RELEASE_STRIP=symbols
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037%s' "--remap-path-prefix=$PWD=ketama" \
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo")
CARGO_TARGET_DIR=$PWD/_build/package/target
REBAR_BARE_COMPILER_OUTPUT_DIR=$work/built
export CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR REBAR_BARE_COMPILER_OUTPUT_DIR
sh native/build.sh

package=$work/ketama
mkdir -p "$package/native"
cp -RP CHANGELOG.md LICENSE README.md erlang guides rebar.config src "$package/"
[ ! -d "$work/built/doc" ] || cp -R "$work/built/doc" "$package/"
cp native/build.sh "$work/built/priv/libketama_nif.so" "$package/native/"

name=ketama-$version-$CARGO_BUILD_TARGET-otp.tar.gz
tar -c -f - -C "$work" ketama | gzip -9n >"_build/package/$name"
cd _build/package
if command -v sha256sum >/dev/null; then sha256sum "$name"; else shasum -a 256 "$name"; fi >"$name.sha256"
echo "_build/package/$name"
