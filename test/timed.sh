#!/bin/sh
# Runs a command and records, for test/slowest.escript, its seconds or its failure. Usage: timed.sh COMMAND...
set -eu
# Keeps the command out of the job server of the make that calls it.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir -p _build/test
start=$(date +%s)
"$@" || {
    status=$?
    echo "$*" >>_build/test/failed
    exit "$status"
}
printf '%s\t%s\n' "$(($(date +%s) - start))" "$*" >>_build/test/seconds
