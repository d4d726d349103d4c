#!/bin/sh
# bin/ketama: it gives the same answers as ketama's functions, in any locale and folder and for any bytes; an error is a
# sentence and an exit code. make ring and make diff print the same.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WORK="$work"
unset MAKEFLAGS MAKELEVEL MFLAGS

# Evaluates an Erlang expression in the work folder, where Write(Name, Bytes) writes a file.
erlang() {
    LC_ALL=C.UTF-8 erl -noshell -pa _build/default/lib/ketama/ebin -eval "
        Path = fun(Name) -> filename:join(os:getenv(\"WORK\"), Name) end,
        Read = fun(Name) -> {ok, Bytes} = file:read_file(Path(Name)), Bytes end,
        Write = fun(Name, Bytes) -> ok = file:write_file(Path(Name), Bytes) end,
        New = fun(Name, Options) -> {ok, Continuum} = ketama:new(Path(Name), Options), Continuum end,
        Share = fun(Share) -> io_lib:format(\"~.10f\", [Share]) end,
        Ring = fun(Continuum, Keys) ->
            [[integer_to_list(ketama:hash(Continuum, Key)), 9, ketama:getserver(Continuum, Key), 9, Key, 10] || Key <- Keys]
        end,
        $1, halt()." >"$work/erl" 2>&1 || fail "erl: $(cat "$work/erl")"
}

# says CODE ARGUMENT...: runs the command, its output in out and err.
says() {
    code=$1
    shift
    got=0
    "$command" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "ketama $*: exit code $got, not $code: $(cat "$work/out" "$work/err")"
}
same() {
    cmp "$work/$1" "$work/$2" || fail "$3: $(cat "$work/$2" "$work/err")"
}
right() {
    expected=$1
    shift
    says 0 "$@"
    same "$expected" out "ketama $*"
    [ ! -s "$work/err" ] || fail "ketama $*: $(cat "$work/err")"
}
# wrong CODE PART ARGUMENT...: checks that the command prints one line on standard error, which contains the part, and
# nothing else.
wrong() {
    code=$1
    part=$2
    shift 2
    says "$code" "$@"
    [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -e "$part" "$work/err" ||
        fail "ketama $*: $(cat "$work/out" "$work/err")"
    [ "$code" -eq 1 ] || grep -q 'See ketama --help' "$work/err" || fail "ketama $*: no word of --help"
}

command=$root/bin/ketama
rebar3 compile >"$work/said" 2>&1 || fail "$(cat "$work/said")"

# Each key is a file, of which every byte is part of the key.
mkdir "$work/keys"
n=10
for key in foo "it's a \"key\"" '$(touch pwned) `touch pwned` $HOME' '*' '-x' '--help' '--' '' 'é' '\377\376' 'a\tb' '\303' 'cr\r' \
    '{tag}1' '{tag}2' '+fnu' '\\'; do
    case $key in
    '\'*|a*|cr*) printf "$key" >"$work/keys/$n" ;;
    *) printf %s "$key" >"$work/keys/$n" ;;
    esac
    n=$((n + 1))
done
cp examples/ketama.servers "$work/old"
sed '/10.0.1.2/d' "$work/old" >"$work/new"
seq 200000 >"$work/many"
head -c 300000 /dev/zero | tr '\0' k >"$work/long"
erlang '
    {ok, Files} = file:list_dir(Path("keys")),
    Keys = [Read(filename:join("keys", File)) || File <- lists:sort(Files)],
    17 = length(Keys),
    Plain = New("old", #{}),
    Twemproxy = New("old", #{dialect => twemproxy, hash => murmur, hash_tag => <<"{}">>}),
    Write("lines", lists:join("\n", Keys)),
    Write("ring", Ring(Plain, Keys)),
    Write("ring.many", Ring(Plain, binary:split(Read("many"), <<"\n">>, [global, trim]))),
    Write("ring.long", Ring(Plain, [Read("long")])),
    Write("ring.twemproxy", Ring(Twemproxy, Keys)),
    Write("ring.make", Ring(Twemproxy, string:lexemes(<<"it'"'"'s a * $(touch pwned) `touch pwned` -x {tag}1 é"/utf8>>, " "))),
    Write("shares", [[Server, 9, Share(Of), 10] || {Server, Of} <- ketama:shares(Plain)]),
    {Moved, Moves} = ketama:diff(Plain, New("new", #{})),
    Write("diff", ["moved\t", Share(Moved), 10 | [[From, 9, To, 9, Share(Of), 10] || {From, To, Of} <- Moves]]),
    #{points := Points, bytes := Bytes, fingerprint := <<Print:128>>} = ketama:info(Twemproxy),
    Write("info", io_lib:format("dialect\ttwemproxy\nhash\tmurmur\nhash_tag\t{}\nservers\t5\npoints\t~b\nbytes\t~b\n"
        "fingerprint\t~32.16.0b\n", [Points, Bytes, Print])),
    {error, Missing} = ketama:new(Path("missing")),
    Write("missing.said", ["ketama: ", ketama:format_error(Missing), 10])
'
[ "$(wc -l <"$work/diff")" -gt 2 ] || fail "nothing moves"

# A file with an odd name; some file systems take only UTF-8.
odd="$work/it's a \"file\" of \$servers é $(printf '\377')"
cp "$work/old" "$odd" 2>/dev/null || odd="$work/it's a \"file\" of \$servers é"
cp "$work/old" "$odd"

set --
for file in "$work"/keys/*; do
    set -- "$@" "$(cat "$file")"
done
for locale in C C.UTF-8; do
    export LC_ALL=$locale
    right ring ring "$odd" -- "$@"
    "$command" ring "$odd" <"$work/lines" >"$work/out"
    same ring out "keys from standard input"
done
{ cat "$work/lines"; echo; } | "$command" ring "$odd" >"$work/out"
same ring out "keys with a last newline"
"$command" ring "$work/old" <"$work/many" >"$work/out"
same ring.many out "many keys"
{ cat "$work/long"; echo; } | "$command" ring "$work/old" >"$work/out"
same ring.long out "a long key"
: >"$work/nothing"
right nothing ring "$odd"

# Options in both forms, before and after the arguments.
right ring.twemproxy --dialect twemproxy ring --hash murmur --hash-tag '{}' "$odd" -- "$@"
right ring.twemproxy ring --hash=md5 "$odd" --dialect=twemproxy --hash=murmur --hash-tag='{}' -- "$@"
right info info "$odd" --dialect twemproxy --hash murmur --hash-tag '{}'
right shares shares "$odd"
says 0 info "$odd" --dialect cache_memcached_fast --ketama-points 10
fewer=$(sed -n 's/^points\t//p' "$work/out")
says 0 info "$odd" --dialect cache_memcached_fast
[ "$(sed -n 's/^points\t//p' "$work/out")" = $((15 * fewer)) ] || fail "ketama-points has no effect"
right diff diff "$odd" "$work/new"

says 0 ring --help
head -n 1 "$work/out" | grep -q '^Usage: ketama' && [ ! -s "$work/err" ] || fail "--help: $(cat "$work/out" "$work/err")"

# Wrong usage.
wrong 2 "command is missing"
wrong 2 "no command rung;" rung "$odd"
wrong 2 "ring takes" ring
wrong 2 "diff takes" diff "$odd"
wrong 2 "shares takes" shares
wrong 2 "info takes" info "$odd" "$odd"
wrong 2 "no option --colour;" ring "$odd" --colour=red
wrong 2 "no option -x;" ring "$odd" -x
wrong 2 "no option --colour;" ring "$odd" --colour
wrong 2 "--hash-tag lacks" ring "$odd" x --hash-tag
for name in foo 'é' "$(printf '\377')" '' "it's" "$(head -c 300 "$work/long")"; do
    wrong 2 "; there are libketama, libmemcached," ring "$odd" x --dialect "$name"
    wrong 2 "; there are crc15, crc16," ring "$odd" x --hash "$name"
done
wrong 2 "one of md5 with the dialect libketama, not crc32" ring "$odd" x --hash crc32
wrong 2 "two bytes, not {" ring "$odd" x --dialect twemproxy --hash-tag '{'
wrong 2 "no option hash_tag with the dialect libketama" ring "$odd" x --hash-tag '{}'
wrong 2 "many is no number" info "$odd" --dialect cache_memcached_fast --ketama-points many
wrong 2 "no option ketama_points with the dialect nginx" info "$odd" --dialect nginx --ketama-points 10

# Wrong files, and one that makes a warning.
printf 'a\t0\n' >"$work/zero"
printf 'a\t25' >"$work/cut"
for command_line in "ring missing x" "diff missing old" "diff old missing" "shares missing" "info missing"; do
    # shellcheck disable=SC2086 # a list of words
    set -- $command_line
    name=$1
    shift
    (cd "$work" && wrong 1 "missing: no such file" "$name" "$@")
done
wrong 1 "no such file" info "$work/missing"
same missing.said err "a missing file"
wrong 1 "no such file" info ""
wrong 1 "line 1: the weight is zero" info "$work/zero"
says 0 shares "$work/cut"
grep -q 'written 25 and read 2' "$work/err" && [ "$(cat "$work/out")" = "a	1.0000000000" ] ||
    fail "a cut weight: $(cat "$work/out" "$work/err")"

# A reader that closes the pipe, and a full disk.
{
    "$command" ring "$work/old" <"$work/many" 2>"$work/err" && code=0 || code=$?
    echo "$code" >"$work/code"
} | head -n 1 >"$work/out"
[ "$(cat "$work/code")" -eq 0 ] && [ ! -s "$work/err" ] || fail "a closed pipe: $(cat "$work/code" "$work/err")"
head -n 1 "$work/ring.many" | cmp - "$work/out"
if [ -e /dev/full ]; then
    ! "$command" shares "$work/old" >/dev/full 2>"$work/err" || fail "a full disk is not noticed"
    grep -q "standard output: no space" "$work/err" || fail "a full disk: $(cat "$work/err")"
fi

# From another folder: through links, and in a checkout with an odd name, before and after it is compiled.
ln -s "$root/bin/ketama" "$work/first"
ln -s first "$work/second"
command=$work/second
(cd / && right shares shares "$odd")
moved="$work/it's a \"checkout\" é"
mkdir -p "$moved/bin" "$moved/_build/default/lib/ketama"
cp bin/ketama "$moved/bin/"
command=$moved/bin/ketama
says 0 --help
wrong 1 "not compiled in $moved: run \`rebar3 compile'" shares "$odd"
cp -RL _build/default/lib/ketama/ebin _build/default/lib/ketama/priv "$moved/_build/default/lib/ketama/"
for locale in C C.UTF-8; do
    export LC_ALL=$locale
    right shares shares "$odd"
    (cd "$moved/bin" && command=./ketama && right shares shares "$odd")
done

# make prints on standard output what the command prints, and nothing else.
made() {
    expected=$1
    shift
    make "$@" >"$work/out" 2>"$work/err" || fail "make $*: $(cat "$work/out" "$work/err")"
    same "$expected" out "make $*"
}
not_made() {
    part=$1
    shift
    ! make "$@" >"$work/out" 2>"$work/err" || fail "make $*: $(cat "$work/out")"
    grep -qF -e "$part" "$work/err" || fail "make $*: $(cat "$work/err")"
}
made ring.make ring FILE="$odd" KEYS="it's a *  \$(touch pwned) \`touch pwned\` -x {tag}1 é" \
    DIALECT=twemproxy HASH=murmur HASH_TAG='{}'
made diff diff OLD="$odd" NEW="$work/new"
not_made "no dialect f'o; there are libketama" ring FILE="$odd" KEYS=x DIALECT="f'o"
not_made "no dialect \$(shell touch pwned); there are" diff OLD="$odd" NEW="$odd" DIALECT='$(shell touch pwned)'
not_made "FILE or KEYS is missing" ring FILE="$odd" KEYS=' '
not_made "OLD or NEW is missing" diff OLD="$odd"
[ ! -e pwned ] && [ ! -e "$work/pwned" ] || fail "an argument is run"

echo "command: any argument and locale, from anywhere; sentences and exit codes; make ring and make diff as the command"
