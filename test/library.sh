#!/bin/sh
# The shared library exports only its entry points, and guides/trust.md lists the licences of all its crates.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
library=_build/default/lib/ketama/priv/libketama_nif.so

# On macOS a symbol has an underscore in front.
exported=$(nm -gU "$library" 2>/dev/null | awk '{print $NF}' | sed 's/^_//' | sort | tr '\n' ' ')
[ "$(uname)" = Darwin ] ||
    exported=$(nm -D --defined-only "$library" | awk '{print $NF}' | sort | tr '\n' ' ')
[ "$exported" = "ketama_nif_nif_init nif_init " ] || fail "$library exports $exported"

for lock in Cargo.lock bench/native/Cargo.lock fuzz/Cargo.lock; do
    git ls-files --error-unmatch "$lock" >/dev/null || fail "$lock is not committed"
    ! sed -n 's/^source = //p' "$lock" | grep -v '"registry+https://github.com/rust-lang/crates.io-index"' ||
        fail "$lock has a source other than crates.io"
done

licences=$(cargo tree --locked --target all --edges normal,build --no-dedupe --prefix none --format '{p}|{l}' |
    sed 's/ .*|/|/' | grep -v '^ketama' | grep . | sort -u)
echo "$licences" | while IFS='|' read -r crate licence; do
    grep -q "^| \`$crate\` | $licence |" guides/trust.md || fail "guides/trust.md lacks: | \`$crate\` | $licence |"
done
echo "library: exports its entry points alone, $(echo "$licences" | wc -l | tr -d ' ') crates with their licences"
