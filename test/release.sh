#!/bin/sh
# The package for hex.pm: the files that erlang/ketama.app.src names. An empty rebar3 project and an empty Mix project
# compile it, ask for a key, and show its documentation. The version must be the same everywhere.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KETAMA_LIBRARY CARGO_BUILD_TARGET
export TERM=dumb
# Only the package's completeness matters here.
unoptimised "$work/target"

version=$(sed -n 's/.*{vsn, "\(.*\)"}.*/\1/p' erlang/ketama.app.src)
# has FILE VERSION...
has() {
    file=$1
    shift
    [ $# -gt 0 ] || fail "$file has no version"
    for theirs; do
        [ "$theirs" = "$version" ] || fail "the version is $version, in $file it is $theirs"
    done
}
# shellcheck disable=SC2046 # a list of words
{
    has Cargo.toml $(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
    has Cargo.lock $(sed -n '/^name = "ketama/ { n; s/^version = "\(.*\)"$/\1/p; }' Cargo.lock)
    has erlang/ketama.appup $(sed -n 's/^{"\(.*\)",$/\1/p' erlang/ketama.appup)
    has CHANGELOG.md $(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
    has guides/building.md $(sed -n 's/.*ketama-\([0-9.]*[0-9]\).*/\1/p' guides/building.md)
}

# From a folder, hex takes only files, and none that starts with a dot.
rm -rf doc/chunks
sh native/chunks.sh
erl -noshell -eval '
    {ok, [{application, ketama, Properties}]} = file:consult("erlang/ketama.app.src"),
    Names = [[Path | filelib:wildcard(Path ++ "/**")] || Path <- proplists:get_value(files, Properties)],
    [io:format("~ts~n", [Name]) || Name <- lists:append(Names), not filelib:is_dir(Name)],
    halt().' >"$work/files"
grep -v '^doc/chunks/ketama[a-z_]*\.chunk$' "$work/files" | xargs git ls-files --error-unmatch -- >/dev/null ||
    fail "the package would have files that are not committed"

package=$work/fleet/_checkouts/ketama
mkdir -p "$package" "$work/fleet/src"
tar -c -T "$work/files" -f - | tar -x -f - -C "$package"

servers=$PWD/test/data/libketama/lastfm-eight.servers
# A key, with libketama's hash and server.
read -r key _ server <test/data/libketama/lastfm-eight.expected
# The first words of getserver/2's documentation in the source.
words=$(sed -n '/^-spec getserver(ring(), key())/q; s/^%% @doc \([^ ]* [^ ]* [^ ]* [^ ]*\).*/\1/p' erlang/ketama.erl | tail -n 1)
check() {
    grep -qxF "server $server" "$work/said" || fail "$1: the server of $key is not $server: $(cat "$work/said")"
    grep -qF "$words" "$work/said" || fail "$1: the documentation is not shown: $(cat "$work/said")"
}

cd "$work/fleet"
echo '{deps, [ketama]}.' >rebar.config
echo '{application, fleet, [{vsn, "1"}, {applications, [kernel, stdlib, ketama]}]}.' >src/fleet.app.src
rebar3 compile >"$work/said" 2>&1 || fail "rebar3: $(cat "$work/said")"
erl -noshell -pa _build/default/checkouts/ketama/ebin -eval "
    {ok, C} = ketama:new(\"$servers\"),
    io:format(\"server ~s~n\", [ketama:getserver(C, \"$key\")]),
    shell_default:h(ketama, getserver, 2),
    halt()." >"$work/said" 2>&1 || fail "rebar3: $(cat "$work/said")"
check rebar3

KETAMA_LIBRARY=$PWD/_build/default/checkouts/ketama/priv/libketama_nif.so
export KETAMA_LIBRARY
mix_project "$work/mix" "$package"
cd "$work/mix"
mix run -e "
    {:ok, c} = :ketama.new(\"$servers\")
    IO.puts(\"server \" <> :ketama.getserver(c, \"$key\"))
    :shell_default.h(:ketama, :getserver, 2)" >"$work/said" 2>&1 || fail "Mix: $(cat "$work/said")"
check Mix

echo "release: ketama $version, $(wc -l <"$work/files" | tr -d ' ') files, builds with rebar3 and with Mix, and shows its documentation"
