#!/bin/sh
# The package of `make package': its library contains no folder name of this machine and only exported symbols, and
# projects without cargo can build it and ask for a key.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TERM=dumb CARGO_PROFILE_RELEASE_STRIP=none
unset KETAMA_LIBRARY CARGO_BUILD_TARGET

package=$PWD/$(sh native/package.sh)
(cd "$(dirname "$package")" && { sha256sum -c "$package.sha256" || shasum -a 256 -c "$package.sha256"; } >/dev/null 2>&1) ||
    fail "the checksum of $package is wrong"
mkdir -p "$work/fleet/_checkouts"
tar -xz -f "$package" -C "$work/fleet/_checkouts"
cd "$work/fleet"
unpacked=_checkouts/ketama
library=$unpacked/native/libketama_nif.so

for folder in "$OLDPWD" "${HOME:-/nowhere}" "${CARGO_HOME:-${HOME:-/nowhere}/.cargo}"; do
    [ "$folder" = / ] || ! grep -rqaF "$folder/" "$unpacked" || fail "$package names $folder"
done
[ -z "$(nm "$library" 2>/dev/null)" ] || fail "$library is not stripped"

# A PATH without cargo, even if cargo shares a folder with all other tools.
mkdir "$work/bin"
for tool in cargo rustc; do
    printf '#!/bin/sh\nexit 127\n' >"$work/bin/$tool"
    chmod +x "$work/bin/$tool"
done
PATH=$work/bin:$PATH

mkdir src
echo '{deps, [ketama]}.' >rebar.config
echo '{application, fleet, [{vsn, "1"}, {applications, [kernel, stdlib, ketama]}]}.' >src/fleet.app.src
key=$(rebar3 compile >"$work/said" 2>&1 && erl -noshell -pa _build/default/checkouts/ketama/ebin -eval '
    {ok, C} = ketama:new([{"a", 1}]), io:put_chars(ketama:getserver(C, "key")), halt().') || fail "$(cat "$work/said")"
[ "$key" = a ] || fail "rebar3: the server is $key"

mix_project "$work/mix" "$PWD/$unpacked"
cd "$work/mix"
mix run -e '{:ok, c} = :ketama.new([{"a", 1}]); IO.puts("server " <> :ketama.getserver(c, "key"))' >"$work/said" 2>&1 &&
    grep -qx "server a" "$work/said" || fail "Mix: $(cat "$work/said")"
echo "package: $(basename "$package") builds without cargo, with rebar3 and with Mix"
