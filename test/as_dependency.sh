#!/bin/sh
# Uses this checkout as other projects do, in a temporary folder: as a git dependency of rebar3, from _checkouts, as an
# application of an umbrella, in a release that runs on its own ERTS, and from Mix. Each loads a servers file and asks
# for a key. The first builds the shared library for all.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/test/functions.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="${HOME:-$work}" TERM=dumb
unset KETAMA_LIBRARY CARGO_BUILD_TARGET
unoptimised "$root/target/unoptimised"

key='user:123'
server='10.0.1.5:11211'

# The files that git tracks or would track in the checkout, as a repository of one commit.
mkdir "$work/ketama"
(cd "$root" && git ls-files -co --exclude-standard -z |
    xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
    tar -c --null -T - -f -) | tar -x -f - -C "$work/ketama"
(
    cd "$work/ketama"
    git init -q -b main .
    git add -A
    git -c user.name=ketama -c user.email=ketama@localhost commit -q -m ketama
)

# An application that prints the server of a key and the ERTS that it runs on, and stops.
application() {
    mkdir -p "$1/src"
    cat >"$1/src/fleet.app.src" <<EOF
{application, fleet, [
    {vsn, "1"}, {mod, {fleet, []}}, {registered, []}, {applications, [kernel, stdlib, ketama]}
]}.
EOF
    cat >"$1/src/fleet.erl" <<EOF
-module(fleet).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).
start(_, _) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, []),
    io:format("answer ~s on ~s~n", [ketama:getserver("$key"), code:root_dir()]),
    spawn(init, stop, []),
    {ok, Supervisor}.
stop(_) -> ok.
init([]) -> {ok, {#{}, [ketama:child_spec("$work/ketama/examples/ketama.servers")]}}.
EOF
}

# check WHAT ROOT COMMAND...: checks that the command prints the answer of a VM with this root folder.
check() {
    what=$1 expected="answer $server on $2"
    shift 2
    if ! "$@" >"$work/log" 2>&1 || ! grep -q "^$expected" "$work/log"; then
        cat "$work/log"
        echo "$what: expected $expected"
        exit 1
    fi
    echo "$what: $expected"
}

otp=$(erl -noshell -eval 'io:format("~s", [code:root_dir()]), halt().')

run_rebar3() {
    (cd "$1" && rebar3 compile &&
        erl -noshell -pa _build/default/lib/*/ebin _build/default/checkouts/*/ebin \
            -eval '{ok, _} = application:ensure_all_started(fleet).')
}

application "$work/git"
echo "{deps, [{ketama, {git, \"file://$work/ketama\", {branch, \"main\"}}}]}." >"$work/git/rebar.config"
check "git dependency" "$otp" run_rebar3 "$work/git"

KETAMA_LIBRARY=$work/git/_build/default/lib/ketama/priv/libketama_nif.so
export KETAMA_LIBRARY

application "$work/checkouts"
echo '{deps, [ketama]}.' >"$work/checkouts/rebar.config"
mkdir "$work/checkouts/_checkouts"
cp -R "$work/ketama" "$work/checkouts/_checkouts/ketama"
check "_checkouts" "$otp" run_rebar3 "$work/checkouts"

application "$work/umbrella/apps/fleet"
cp -R "$work/ketama" "$work/umbrella/apps/ketama"
check "umbrella" "$otp" run_rebar3 "$work/umbrella"

run_release() {
    (cd "$1" && rebar3 release && mv _build/default/rel/fleet "$2" && rm -rf _build &&
        PATH=/usr/bin:/bin "$2/bin/fleet" foreground)
}

cp -R "$work/git" "$work/release"
cat >>"$work/release/rebar.config" <<EOF
{relx, [{release, {fleet, "1"}, [fleet]}, {include_erts, true}, {dev_mode, false},
        {extended_start_script, true}]}.
EOF
check "release" "$work/fleet" run_release "$work/release" "$work/fleet"

run_mix() {
    (cd "$1" && MIX_REBAR3=$(command -v rebar3) && export MIX_REBAR3 && mix deps.get &&
        mix run -e 'IO.puts "answer #{:ketama.getserver("'"$key"'")} on #{:code.root_dir()}"')
}

mkdir -p "$work/mix/lib"
cat >"$work/mix/mix.exs" <<EOF
defmodule Fleet.MixProject do
  use Mix.Project

  def project do
    [app: :fleet, version: "1.0.0", deps: [{:ketama, git: "$work/ketama", manager: :rebar3}]]
  end

  def application, do: [mod: {Fleet, []}]
end
EOF
cat >"$work/mix/lib/fleet.ex" <<EOF
defmodule Fleet do
  use Application

  def start(_, _) do
    servers = "$work/ketama/examples/ketama.servers"
    Supervisor.start_link([{:ketama, servers}], strategy: :one_for_one)
  end
end
EOF
check "Mix" "$otp" run_mix "$work/mix"
