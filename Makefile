# For developers of ketama. A project that uses ketama builds it with rebar3 or Mix, without make.
.PHONY: demo fleet test test-rust test-erlang test-scripts test-memory bench clients fuzz mutants soak sanitize upgrade otp package doc release-check ketama ring diff setup setup-test setup-clients setup-doc build build-bench as-dependency clean

EBIN = _build/default/lib/ketama/ebin
SERVERS = examples/ketama.servers
BENCH = _build/bench
WORK = _build/clients
FUZZ = --fuzz-dir fuzz --features fuzzer

# Prints where a few keys live, and the share of each server.
demo: build
	@ERL_FLAGS="-pa $(EBIN)" escript examples/demo.escript $(SERVERS)

# Runs examples/fleet, an application to copy, on two pools of memcached servers.
fleet: setup-test build
	@cd examples/fleet && QUIET=1 rebar3 compile
	@ERL_LIBS=_build/default/lib:examples/fleet/_build/default/lib escript examples/fleet/demo.escript

# Runs all tests, two targets at a time, and names the ten tests that took longest.
test: setup-test
	@rm -f _build/test/TEST-*.xml _build/test/seconds _build/test/failed
	$(MAKE) --jobs=2 --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--output-sync=line) \
		test-erlang test-rust as-dependency test-scripts test-memory upgrade fleet || \
		{ [ ! -e _build/test/failed ] || sed 's/^/Failed: /' _build/test/failed >&2; exit 1; }
	@escript test/slowest.escript

TIMED = sh test/timed.sh

test-rust: build-bench
	$(TIMED) cargo fmt --all --check
	$(TIMED) cargo clippy --workspace --all-targets --locked -- --deny warnings
	$(TIMED) env RUSTDOCFLAGS="--deny warnings" cargo doc --package ketama --no-deps --locked
	$(TIMED) cargo test --workspace --locked
	$(TIMED) cargo fmt --all --check --manifest-path bench/native/Cargo.toml
	$(TIMED) cargo fmt --all --check --manifest-path fuzz/Cargo.toml
	$(TIMED) env RUSTFLAGS="--cfg fuzzing" cargo test --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz

test-erlang: build
	$(TIMED) rebar3 eunit --cover
	$(TIMED) rebar3 cover --verbose --min_coverage 95
	$(TIMED) rebar3 xref
	$(TIMED) rebar3 dialyzer
	$(TIMED) rebar3 edoc

# Runs one script after the other: some compile this checkout, and one checks that nothing else does.
test-scripts: test-erlang
	$(TIMED) sh test/build.sh
	$(TIMED) sh test/library.sh
	$(TIMED) sh test/package.sh
	$(TIMED) sh test/command.sh

# Waits for as-dependency, since both have cargo build into target/unoptimised.
test-memory: test-erlang as-dependency
	$(TIMED) sh test/stack.sh
	$(TIMED) sh test/sanitize.sh 3

# Checks the shared library and the Rust tests for memory errors.
sanitize: setup-test build
	rebar3 as test compile
	sh test/sanitize.sh 60

# Looks keys up in every way at once while continua come and go: make soak SECONDS=600
soak: SECONDS = 60
soak: build
	rebar3 as test compile
	@erl -noshell -pa _build/test/lib/ketama/ebin _build/test/lib/ketama/test \
		-run ketama_soak main $(SECONDS) -s init stop

# Fuzzes each target in turn: make fuzz SECONDS=1800. New inputs that cover more go to _build/fuzz, not to the
# corpus.
fuzz: SECONDS = 60
fuzz:
	@command -v cargo-fuzz >/dev/null || { echo "Installing with cargo: cargo-fuzz"; cargo install --locked cargo-fuzz; }
	@for target in servers_file continuum hash; do \
		mkdir -p _build/fuzz/$$target; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $(FUZZ) $$target _build/fuzz/$$target fuzz/corpus/$$target -- \
			-max_len=4096 -timeout=20 -max_total_time=$(SECONDS) || exit 1; \
	done

# Changes the Rust code at one place after another, and lists the changes that no test notices: all of them, or those of
# a file, as in make mutants FILE=native/ketama/src/edge.rs. Takes hours for all; the lists go to _build/mutants.out.
mutants: export CARGO_PROFILE_DEV_OPT_LEVEL = 1
mutants: export CARGO_PROFILE_DEV_DEBUG = false
mutants: export PROPTEST_CASES = 32
mutants:
	@command -v cargo-mutants >/dev/null || { echo "Installing with cargo: cargo-mutants"; cargo install --locked cargo-mutants; }
	@mkdir -p _build
	@cargo mutants --package ketama --output _build $(if $(FILE),--file "$(FILE)")

# Upgrades a running release to the next version, and takes it back.
upgrade: setup-test build
	$(TIMED) sh test/upgrade/upgrade.sh

# Builds projects that use ketama: with rebar3, as a release, with Mix.
as-dependency: setup-test
	$(TIMED) sh test/as_dependency.sh

# Packs what machines without Rust need: the Erlang sources, and the shared library for this machine's target or for
# CARGO_BUILD_TARGET.
package:
	@sh native/package.sh

# Makes the pages of the modules and the guides, doc/index.html; those of the crate, target/doc/ketama/index.html; and
# the documentation for h(ketama), doc/chunks.
doc: setup-doc build
	@sh pages/make.sh
	@RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --package ketama --no-deps --locked

# Builds the package that hex.pm would get, and uses it in an empty project.
release-check: setup-test
	@sh test/release.sh

# Runs the tests on the Erlang/OTP of other Debian releases, each in a folder below _build/otp. Needs root:
# make otp RELEASES=trixie; RELEASES=arm64 is sid for arm64, run by qemu
otp: RELEASES = trixie sid
otp:
	@sh test/otp.sh _build/otp $(RELEASES)

# Measures ketama beside plain Erlang and the port driver, and writes bench/results-MACHINE.csv, and bench/results.svg
# of all machines. PEERS=FOLDER adds the libraries whose sources are there: ex_hash_ring, libring, hash_ring.
bench: build-bench
	@peers=$$([ -z "$(PEERS)" ] || sh bench/peers.sh "$(PEERS)" $(BENCH)/peers); \
		erl -noshell -pa $(EBIN) $(BENCH) $$peers -run bench main $(BENCH)/release \
		test/data/libketama/lastfm-eight.servers bench -s init stop

# Compares ketama with memcached's real clients, or with some of them: make clients CLIENTS="php nutcracker"
clients: build setup-clients $(WORK)/packages
	@javac -cp /usr/share/java/spymemcached.jar -d $(WORK) test/clients/SpyClient.java
	@ERL_FLAGS="-pa $(EBIN)" escript test/clients/clients.escript $(WORK) $(CLIENTS)

# Installs the clients that Debian does not have.
NPM = memcached@2.2.2 hashring@3.2.0
PIP = uhashring==2.5

$(WORK)/packages: Makefile | setup-clients
	@mkdir -p $(WORK)
	@echo "Installing with npm, into $(WORK): $(NPM)"
	@npm install --prefix $(WORK) --no-save --ignore-scripts --no-audit --no-fund \
		--loglevel=error $(NPM) >/dev/null
	@echo "Installing with pip, into $(WORK): $(PIP)"
	@/usr/bin/python3 -m pip install --target $(WORK)/python --upgrade --no-deps --quiet \
		--root-user-action=ignore --disable-pip-version-check $(PIP)
	@touch $@

# Builds the command, and says how to call it from anywhere.
ketama: build
	@printf '%s\n' "Call $$PWD/bin/ketama, or a link to it; --help explains it."

# Prints where keys are: make ring FILE=ketama.servers KEYS="user:123 foo"; what moves from one servers file to
# another: make diff OLD=a NEW=b. Both take DIALECT, HASH and HASH_TAG. The recipes get the values through the
# environment, so that neither make nor a shell expands them.
ring diff: override export FILE := $(value FILE)
ring diff: override export KEYS := $(value KEYS)
ring diff: override export OLD := $(value OLD)
ring diff: override export NEW := $(value NEW)
ring diff: override export DIALECT := $(value DIALECT)
ring diff: override export HASH := $(value HASH)
ring diff: override export HASH_TAG := $(value HASH_TAG)
OPTIONS = $${DIALECT:+"--dialect=$$DIALECT"} $${HASH:+"--hash=$$HASH"} $${HASH_TAG:+"--hash-tag=$$HASH_TAG"}

ring: build
	@$(if $(and $(FILE),$(strip $(KEYS))),,$(error FILE or KEYS is missing: make ring FILE=ketama.servers KEYS="user:123 foo"))
	@set -f; bin/ketama ring $(OPTIONS) -- "$$FILE" $$KEYS

diff: build
	@$(if $(and $(OLD),$(NEW)),,$(error OLD or NEW is missing: make diff OLD=a NEW=b))
	@bin/ketama diff $(OPTIONS) -- "$$OLD" "$$NEW"

build-bench: build
	@mkdir -p $(BENCH)
	@cargo build --release --locked --manifest-path bench/native/Cargo.toml --target-dir $(BENCH)
	@erlc -Werror -o $(BENCH) bench/*.erl

# Standard output is for the answers of make ring and make diff.
build: setup
	@rebar3 compile >&2

setup:
	@sh .ci/setup

setup-test:
	@sh .ci/setup test

setup-clients:
	@sh .ci/setup clients

setup-doc:
	@sh .ci/setup doc

clean:
	rm -rf _build target doc examples/fleet/_build
