# Functions that several scripts here use; they source this file.

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# unoptimised FOLDER: from here on builds the shared library without optimisation, which is quicker, and its crates in
# FOLDER, once for all scripts that call this.
unoptimised() {
    export CARGO_TARGET_DIR="$1" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off
}

# mix_project FOLDER KETAMA: a project of Mix, called fleet, that depends on the ketama in a folder.
mix_project() {
    mkdir -p "$1"
    cat >"$1/mix.exs" <<EOF
defmodule Fleet.MixProject do
  use Mix.Project
  def project, do: [app: :fleet, version: "1.0.0", deps: [{:ketama, path: "$2", manager: :rebar3}]]
end
EOF
    MIX_REBAR3=$(command -v rebar3)
    export MIX_REBAR3 TERM=dumb
}
