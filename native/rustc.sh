#!/bin/sh
# What cargo runs for rustc, of the crates here. The VM loads no library that has a C runtime of its own, which is
# what musl's targets would make, and what the user may have asked for of programs. As a setting of cargo's, this flag
# would replace the user's flags.
for argument; do
    shift
    case $argument in *target-feature=*+crt-static*)
        argument=${argument%%+crt-static*}-crt-static${argument#*+crt-static} ;;
    esac
    set -- "$@" "$argument"
done
exec "$@" -C target-feature=-crt-static
