#!/bin/sh
# Makes doc/ from scratch: doc/index.html, the modules' pages, a page for each Markdown file here and in guides/, and
# doc/chunks. `make doc' runs it. A warning is an error, and so is a dead link.
set -eu
cd "$(dirname "$0")/.."
. test/functions.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quiet COMMAND...: runs a command, which must not print a warning.
quiet() {
    "$@" >"$work/said" 2>&1 && ! grep -qi warning "$work/said" || fail "$(cat "$work/said")"
}

rm -rf doc
quiet sh native/chunks.sh
quiet rebar3 edoc

# edoc takes all types of other modules for OTP's, and links to a wrong address of OTP's pages. ketama_error has no
# page.
otp=https://www.erlang.org/doc/man
for module in doc/*.html; do
    sed -e 's|<a href="[^"]*/ketama_error\.html[^"]*">\([^<]*\)</a>|\1|g' \
        -e 's|http://www\.erlang\.org/edoc/doc/ketama/doc/||g' \
        -e "s|http://www\\.erlang\\.org/edoc/doc/[a-z]*/doc/|$otp/|g" \
        -e "s|\"gen_server\\.html|\"$otp/gen_server.html|g" "$module" >"$work/module"
    cp "$work/module" "$module"
done

for page in *.md guides/*.md; do
    title=$(sed -n 's/^# //p' "$page" | head -n 1)
    printf '%s\t%s\n' "$page" "$title"
done >"$work/pages"

export LINKED="$work/linked"
: >"$LINKED"
while IFS='	' read -r page title; do
    up=
    case $page in */*) up=../ ;; esac
    {
        printf '<nav><a href="%sindex.html">Modules</a>' "$up"
        while IFS='	' read -r other name; do
            printf ' · <a href="%s%s.html">%s</a>' "$up" "${other%.md}" "$name"
        done <"$work/pages"
        printf '</nav>\n'
    } >"$work/nav.html"
    mkdir -p "doc/$(dirname "$page")"
    quiet pandoc --from gfm --to html5 --standalone --fail-if-warnings --lua-filter pages/links.lua \
        --metadata "pagetitle=$title" --metadata lang=en --variable maxwidth=72em \
        --include-before-body "$work/nav.html" --output "doc/${page%.md}.html" "$page"
done <"$work/pages"

# Copies the pictures, tables and sources that pages link to, as git has them.
xargs git ls-files -- <"$LINKED" | sort -u | tar -c -T - -f - | tar -x -f - -C doc

escript pages/links.escript doc
