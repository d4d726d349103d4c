#!/bin/sh
# Makes doc/chunks from the modules' sources: the documentation that h(ketama) shows in the shell, in EEP 48's form.
# Does nothing if it is not older than the sources.
set -eu
cd "$(dirname "$0")/.."
[ ! -e doc/chunks/ketama.chunk ] || [ -n "$(find erlang/*.erl -newer doc/chunks/ketama.chunk)" ] || exit 0

# Another build may do the same at this moment: each chunk is moved into place when it is complete, and the one that is
# looked for above comes last.
mkdir -p doc/chunks
new=$(mktemp -d doc/new.XXXXXX)
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
ERL_CRASH_DUMP_SECONDS=0 erl -noshell -eval '
    [Folder] = init:get_plain_arguments(),
    edoc:files(filelib:wildcard("erlang/*.erl"),
        [{dir, Folder}, {doclet, edoc_doclet_chunks}, {layout, edoc_layout_chunks}]),
    halt().' -extra "$new"
for chunk in doc/chunks/*.chunk; do
    [ -e "$new/chunks/${chunk##*/}" ] || rm -f "$chunk"
done
mv -f "$new"/chunks/ketama_*.chunk doc/chunks/
mv -f "$new/chunks/ketama.chunk" doc/chunks/
