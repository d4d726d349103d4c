#!/bin/sh
# The stack: every function in a VM whose schedulers have the least stack that there is, 160 KiB, with the
# library built without optimisation, which takes the most of it.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KETAMA_LIBRARY CARGO_BUILD_TARGET

CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_TARGET_DIR=target/stack \
    REBAR_BARE_COMPILER_OUTPUT_DIR="$work" sh native/build.sh 2>"$work/said" || {
    cat "$work/said"
    exit 1
}
cp -RL _build/test/lib/ketama/ebin "$work/"
erl +sss 20 +sssdcpu 20 +sssdio 20 -noshell -pa "$work/ebin" _build/test/lib/ketama/test \
    -run ketama_stack main -s init stop
echo "stack: 160 KiB are enough, without optimisation too"
