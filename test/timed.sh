#!/bin/sh
# Runs a command and writes down how many seconds it took, for test/slowest.escript. Usage: timed.sh COMMAND...
set -eu
# It has no part in the jobs of the make that calls it.
unset MAKEFLAGS MFLAGS MAKELEVEL
start=$(date +%s)
"$@"
mkdir -p _build/test
printf '%s\t%s\n' "$(($(date +%s) - start))" "$*" >>_build/test/seconds
