#!/bin/sh
# Looks for memory errors: runs the Rust tests under valgrind, and the EUnit suites that call the shared library most in
# a VM with the library built for AddressSanitizer, where all memory comes from malloc, which it watches. Usage:
# sanitize.sh SECONDS, for the soak. Linux only: elsewhere it says so and stops.
#
# The VM itself does not run under valgrind: its JIT's code runs on Erlang's stacks, for which memcheck reports
# thousands of errors and then dies.
set -eu
cd "$(dirname "$0")/.."
if [ "$(uname)" != Linux ]; then
    echo "sanitize: skipped, it needs Linux"
    exit
fi
target=$(rustc -vV | sed -n 's/^host: //p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

runner=CARGO_TARGET_$(echo "$target" | tr 'a-z-' 'A-Z_')_RUNNER
env PROPTEST_CASES=4 \
    "$runner=valgrind -q --error-exitcode=1 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite" \
    cargo test --package ketama --lib --release --locked --quiet
echo "valgrind: no error"

# Sanitizers are unstable in Rust, which refuses them by default.
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo build --package ketama_nif --release --locked \
    --quiet --target "$target" --target-dir target/sanitize
mkdir "$work/priv"
cp -RL _build/test/lib/ketama/ebin "$work/"
cp "target/sanitize/$target/release/libketama_nif.so" "$work/priv/"
# Memory that the VM keeps until its end is not a leak of ours.
ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$(cc -print-file-name=libasan.so) erl +Mea min -noshell \
    -pa "$work/ebin" _build/test/lib/ketama/test -eval "
        ok = eunit:test([ketama_continuum_tests, ketama_batch_tests, ketama_replicas_tests, ketama_ownership_tests,
                         ketama_dialect_tests, ketama_down_tests, ketama_any_term_tests, ketama_equivalence_tests]),
        ketama_soak:main([\"$1\"]), halt()."
echo "AddressSanitizer: no error"
