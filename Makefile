# What a developer of ketama types; a project that uses ketama needs rebar3 alone.
.PHONY: demo test setup setup-test build as-dependency clean

EBIN = _build/default/lib/ketama/ebin
SERVERS = examples/ketama.servers

# Where a handful of keys live, and the share of each server.
demo: build
	@ERL_FLAGS="-pa $(EBIN)" escript examples/demo.escript $(SERVERS)

test: setup-test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	cargo test --workspace --locked
	rebar3 eunit
	rebar3 xref
	rebar3 dialyzer
	rebar3 edoc
	$(MAKE) as-dependency

# ketama in other projects: rebar3, a release, Mix.
as-dependency: setup-test
	sh test/as_dependency.sh

build: setup
	@rebar3 compile

setup:
	@sh .ci/setup

setup-test:
	@sh .ci/setup elixir

clean:
	rm -rf _build target doc priv/libketama_nif.so
