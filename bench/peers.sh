#!/bin/sh
# Usage: peers.sh FROM TO. Compiles the other libraries, each in the folder of its name below FROM, into TO, and prints
# the folders that the code path needs for them.
set -eu
mkdir -p "$2"
for library in ex_hash_ring libring; do
    [ ! -d "$1/$library" ] || find "$1/$library/lib" -name '*.ex' -exec elixirc -o "$2" {} + >&2
done
[ ! -d "$1/hash_ring" ] || erlc -I "$1/hash_ring/include" -o "$2" "$1"/hash_ring/src/*.erl >&2
echo "$2"
! command -v elixir >/dev/null || elixir -e 'IO.puts(Application.app_dir(:elixir, "ebin"))'
