#!/bin/sh
# Runs the tests on the Erlang/OTP of other releases of Debian: otp.sh FOLDER RELEASE... A release is trixie, sid, or
# arm64, which is sid for that processor, run by qemu. Each has a folder of its own below FOLDER, which debootstrap
# makes once. Rust and the crates are the host's, except that arm64 takes Rust from sid. All mounts end with the command
# that they are made for.
set -eu
cd "$(dirname "$0")/.."

# The first four measure time or memory, which would be qemu's, not arm64's. The last takes Mix, rebar3 and make, which
# the folder for arm64 does not have.
not_by_qemu=ketama_limits_tests,ketama_memory_tests,ketama_schedulers_tests,ketama_concurrency_tests,ketama_guide_tests

if [ "$(id -u)" != 0 ]; then
    echo "make otp needs root: it makes folders of other Debian releases and runs in them." >&2
    exit 1
fi
sh .ci/setup otp
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
rust=$(rustc --print sysroot)
if [ "$rust" = /usr ]; then
    echo "make otp takes Rust into these folders: install it from https://rustup.rs, where it has a folder of its own." >&2
    exit 1
fi
crates=${CARGO_HOME:-$HOME/.cargo}
cargo fetch --locked

# inside NAME COMMAND... The network is the host's, where other Erlang nodes may have the same names, hence an epmd of
# its own.
inside() {
    root=$folder/$1
    shift
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --mount-proc="$root/proc" --pid --fork --kill-child sh -euc '
        root=$1
        mount --bind "$2" "$root/opt/rust"
        mount --bind "$3" "$root/opt/cargo"
        port=$4
        shift 4
        exec chroot "$root" env -i -C /ketama HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin ERL_EPMD_PORT="$port" \
            CARGO_HOME=/opt/cargo CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=/var/cache/ketama "$@"' \
        sh "$root" "$rust" "$crates" "$((20000 + $$ % 10000))" "$@"
}

# debian NAME RELEASE OPTION...: makes the folder of that name, with the host's apt settings and this checkout.
debian() {
    root=$folder/$1
    suite=$2
    shift 2
    if [ ! -e "$root" ]; then
        rm -rf "$root.new"
        unshare --mount debootstrap --variant=minbase "$@" "$suite" "$root.new" http://deb.debian.org/debian
        mkdir "$root.new/opt/rust" "$root.new/opt/cargo"
        mv "$root.new" "$root"
    fi
    cp /etc/hosts /etc/resolv.conf "$root/etc/"
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90host"
    rm -rf "$root/ketama"
    mkdir "$root/ketama"
    git ls-files -co --exclude-standard -z | tar -c --null -T - -f - | tar -x -o -C "$root/ketama"
    git -C "$root/ketama" init -q
}

with_tools() {
    debian "$1" "$1" --include=ca-certificates,gcc,git,libc6-dev,make
    inside "$1" sh .ci/setup test
}

versions() {
    inside "$1" sh -euc 'rebar3 version; elixir --short-version; cargo --version; ldd --version | head -n 1'
}

native() {
    with_tools "$1"
    versions "$1"
    inside "$1" sh -euc 'rebar3 eunit; rebar3 xref; rebar3 dialyzer; make as-dependency upgrade'
}

# Builds the library and the tests in sid, and runs the Rust tests there, each by qemu.
cross() {
    with_tools sid
    inside sid sh -euc '
        [ -e /usr/bin/qemu-aarch64 ] || {
            dpkg --add-architecture arm64
            apt-get update
            apt-get install -y --no-install-recommends cargo rustc libstd-rust-dev:arm64 \
                gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
        }
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin CARGO_BUILD_TARGET=aarch64-unknown-linux-gnu
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
        qemu-aarch64 --version | head -n 1
        cargo --version
        cargo test --workspace --locked
        rebar3 as test compile'
}

# Until this script ends, Linux runs arm64 programs with sid's qemu.
emulate() {
    formats=/proc/sys/fs/binfmt_misc
    [ -e $formats/register ] || mount -t binfmt_misc binfmt_misc $formats
    [ ! -e $formats/ketama-arm64 ] || echo -1 >$formats/ketama-arm64
    trap 'echo -1 >$formats/ketama-arm64' EXIT
    sed "s|^:qemu-aarch64:|:ketama-arm64:|; s|:/[^:]*/qemu-aarch64:|:$folder/sid/usr/bin/qemu-aarch64:|" \
        "$folder/sid/usr/share/qemu/binfmt.d/qemu-aarch64.conf" >$formats/register
}

arm64() {
    cross
    emulate
    debian arm64 sid --arch=arm64 --include=erlang-base,erlang-crypto,erlang-eunit,erlang-syntax-tools,erlang-tools
    cp -R "$folder/sid/ketama/_build" "$folder/arm64/ketama/"
    inside arm64 erl -noshell -pa _build/test/lib/ketama/ebin _build/test/lib/ketama/test -eval "
        Beams = [_ | _] = filelib:wildcard(\"_build/test/lib/ketama/test/*_tests.beam\"),
        Suites = [list_to_atom(filename:basename(Beam, \".beam\")) || Beam <- Beams],
        ok = eunit:test(Suites -- [$not_by_qemu], [verbose, {scale_timeouts, 10}]),
        halt()."
}

for release; do
    case $release in
    arm64) arm64 ;;
    *) native "$release" ;;
    esac
    echo "otp: $release passed"
done
