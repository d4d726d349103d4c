#!/bin/sh
# Runs a command and writes down that it failed or how many seconds it took, for test/slowest.escript. Usage:
# timed.sh COMMAND...
set -eu
# It has no part in the jobs of the make that calls it.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir -p _build/test
start=$(date +%s)
"$@" || {
    status=$?
    echo "$*" >>_build/test/failed
    exit "$status"
}
printf '%s\t%s\n' "$(($(date +%s) - start))" "$*" >>_build/test/seconds
