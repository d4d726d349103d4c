#!/bin/sh
# The build: does nothing when nothing changed, and says in one sentence which cargo it needs.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

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
echo "build: nothing where nothing changed, one sentence without the right cargo"
