#!/bin/sh
# Upgrades a running release from one version of ketama to the next and back while continua are in use:
# `ketama' is reloaded, `ketama_nif' stays, every answer is the same.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TERM=dumb KETAMA_LIBRARY="$root/_build/default/lib/ketama/priv/libketama_nif.so"

mkdir -p "$work/fleet/src" "$work/fleet/_checkouts/ketama"
(cd "$root" && tar -c -f - Cargo.lock Cargo.toml erlang native rebar.config) |
    tar -x -f - -C "$work/fleet/_checkouts/ketama"
cp "$root/test/upgrade/fleet.erl.in" "$work/fleet/src/fleet.erl"
cat >"$work/fleet/src/fleet.app.src" <<EOF
{application, fleet, [
    {vsn, "1"}, {mod, {fleet, []}}, {registered, []}, {applications, [kernel, stdlib, sasl, ketama]}
]}.
EOF
release() {
    cat >"$work/fleet/rebar.config" <<EOF
{deps, [ketama]}.
{relx, [{release, {fleet, "$1"}, [sasl, fleet]}, {include_erts, true}, {dev_mode, false}]}.
EOF
    (cd "$work/fleet" && rebar3 release) >>"$work/log" 2>&1
}

version=$(sed -n 's/.*{vsn, "\(.*\)"}.*/\1/p' "$root/erlang/ketama.app.src")
next=${version%.*}.$((${version##*.} + 1))

# The second version is the same except for its number.
bump() {
    for file in ketama.app.src ketama.appup; do
        sed "s/\"$version\"/\"$next\"/" "$root/erlang/$file" >"$work/fleet/_checkouts/ketama/erlang/$file"
    done
}

if ! { release 1 && cp -R "$work/fleet/_build/default/rel/fleet" "$work/run" && bump && release 2 &&
    (cd "$work/fleet" && rebar3 relup -n fleet -v 2 -u 1 && rebar3 tar) >>"$work/log" 2>&1 &&
    mkdir "$work/run/releases/2" &&
    cp "$work/fleet/_build/default/rel/fleet/fleet-2.tar.gz" "$work/run/releases/2/fleet.tar.gz" &&
    "$work/run/bin/fleet" foreground >"$work/said" 2>&1; }; then
    cat "$work/log"
    [ ! -e "$work/said" ] || cat "$work/said"
    exit 1
fi
expected="{up,[\"$next\",\"$next\",\"$next\",\"$version\"],library,{error,on_load_failure},down,[\"$version\",\"$version\",\"$version\",\"$version\"]}"
found=$(tr -d ' \n' <"$work/said")
case $found in
*"$expected"*) ;;
*)
    echo "expected: $expected"
    echo "found:    $found"
    exit 1
    ;;
esac
echo "upgrade: ketama $version to $next and back with continua in use, the library as it was loaded"
