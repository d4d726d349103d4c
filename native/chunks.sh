#!/bin/sh
# Makes doc/chunks of the modules' sources: what h(ketama) shows in the shell, in the form of EEP 48. Where they are no
# older than the sources it does nothing.
set -eu
cd "$(dirname "$0")/.."
[ ! -e doc/chunks/ketama.chunk ] || [ -n "$(find erlang/*.erl -newer doc/chunks/ketama.chunk)" ] || exit 0

# Another build may do the same: a chunk is whole when it gets its place, and the one that is looked for is the last.
mkdir -p doc/chunks
new=$(mktemp -d doc/new.XXXXXX)
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
ERL_CRASH_DUMP_SECONDS=0 erl -noshell -eval '
    [Folder] = init:get_plain_arguments(),
    edoc:files(filelib:wildcard("erlang/*.erl"),
        [{dir, Folder}, {doclet, edoc_doclet_chunks}, {layout, edoc_layout_chunks}]),
    halt().' -extra "$new"
mv -f "$new"/chunks/ketama_*.chunk doc/chunks/
mv -f "$new/chunks/ketama.chunk" doc/chunks/
