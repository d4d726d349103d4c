#!/bin/sh
# Calls every function in a VM whose schedulers have the smallest possible stack, 160 KiB, with the library built
# without optimisation, which needs the most stack.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KETAMA_LIBRARY CARGO_BUILD_TARGET

unoptimised "$PWD/target/unoptimised"
REBAR_BARE_COMPILER_OUTPUT_DIR=$work sh native/build.sh 2>"$work/said" || fail "$(cat "$work/said")"
cp -RL _build/test/lib/ketama/ebin "$work/"
erl +sss 20 +sssdcpu 20 +sssdio 20 -noshell -pa "$work/ebin" _build/test/lib/ketama/test \
    -run ketama_stack main -s init stop
echo "stack: 160 KiB are enough, without optimisation too"
