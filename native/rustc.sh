#!/bin/sh
# cargo runs this in place of rustc for the crates here. The VM loads no library that has a C runtime of its own, but
# musl's targets make one, and so do users' flags that are meant for programs. As a setting of cargo's, the flag against
# it would replace the user's flags.
for argument; do
    shift
    case $argument in *target-feature=*+crt-static*)
        argument=${argument%%+crt-static*}-crt-static${argument#*+crt-static} ;;
    esac
    set -- "$@" "$argument"
done
exec "$@" -C target-feature=-crt-static
