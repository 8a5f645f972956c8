# Everything a newcomer or CI calls; each target is a few plain commands.

CARGO ?= cargo
HOUSE := $(CURDIR)/.ringfence
PROGRAM := $(or $(CARGO_TARGET_DIR),target)/debug/ringfence

export RINGFENCE_DATA_DIR ?= $(HOUSE)/data
export RINGFENCE_RUNTIMES_DIR ?= $(HOUSE)/runtimes
export RINGFENCE_GUEST_DIR ?= $(HOUSE)/guest
export RINGFENCE_CLIENTS_DIR ?= $(HOUSE)/clients
export RINGFENCE_CONTRACT_DIR ?= $(HOUSE)/contract

.PHONY: demo test check bench soak serve setup build runtimes

demo: setup build runtimes ## Build, say what protects you, do the main job on real data.
	PROGRAM=$(PROGRAM) sh examples/demo.sh

test: setup build build-for-tests runtimes guest postgres clients contract ## Every test, the ones from outside included.
	$(CARGO) fmt --all --check
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --workspace --no-fail-fast && $(CARGO) test --workspace --doc && \
		RINGFENCE_TESTS_WARM=1 $(CARGO) nextest run -p ringfence-tests --no-fail-fast \
			--test escapes --test attacks --test languages; \
	else \
		$(CARGO) test --workspace && RINGFENCE_TESTS_WARM=1 $(CARGO) test -p ringfence-tests \
			--test escapes --test attacks --test languages; \
	fi

check: ## Format, lints, licences.
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny check bans licenses sources; \
	else \
		echo "check: licences skipped: cargo-deny is not installed (cargo install cargo-deny)"; \
	fi

bench: runtimes ## Yardsticks and ours in one run, as they are built for use.
	sh scripts/setup.sh bubblewrap
	$(CARGO) build -q --release -p ringfence-cli -p ringfence-benches
	RINGFENCE_BIN=$(abspath $(or $(CARGO_TARGET_DIR),target)/release/ringfence) $(CARGO) run -q --release -p ringfence-benches
	$(CARGO) run -q --release -p ringfence-benches --bin record

.PHONY: bench-programs
bench-programs: runtimes ## A few hundred small programs of each language, by 1 to 16 clients at once.
	$(CARGO) build -q --release -p ringfence-cli -p ringfence-benches
	RINGFENCE_BIN=$(abspath $(or $(CARGO_TARGET_DIR),target)/release/ringfence) \
		$(CARGO) run -q --release -p ringfence-benches --bin programs

.PHONY: bench-load
bench-load: build runtimes ## What the server bears: floods, bursts, ten times as many clients as it can serve.
	$(CARGO) run -q -p ringfence-benches --bin load

.PHONY: eval
eval: build runtimes ## How good the built-in analyst's answers are; ONLY=pattern for some of the questions.
	python3 evaluations/check.py --self-test
	python3 evaluations/run.py --program $(PROGRAM) $(if $(ONLY),--only '$(ONLY)')

soak: build runtimes contract guest postgres ## Long rounds: hostile frames, odd requests, 5 000 mixed runs; on each database 200 kills, 30 power cuts.
	PROPTEST_CASES=50000 $(CARGO) test -p ringfence-sandbox --lib -- fuzz whatever
	PROPTEST_CASES=5000 $(CARGO) test -p ringfence-tests --test faults -- changed
	RINGFENCE_CONTRACT_EXAMPLES=300 $(CARGO) test -p ringfence-tests --test contract -- server::keeps --nocapture
	RINGFENCE_SOAK_KILLS=200 RINGFENCE_SOAK_CUTS=30 $(CARGO) test -p ringfence-tests --test soak -- --nocapture --test-threads=1
	RINGFENCE_SOAK_RUNS=5000 $(CARGO) test -p ringfence-tests --test limits -- --exact nothing_is_left_behind --nocapture

serve: build runtimes ## The HTTP API on this machine's loopback.
	$(PROGRAM) serve

setup:
	sh scripts/setup.sh

build:
	$(CARGO) build -p ringfence-cli

.PHONY: build-for-tests
build-for-tests: ## The build in which layers can be left out, and a scripted model endpoint.
	$(CARGO) build -p ringfence-cli --features weaken --bin ringfence-weakened
	$(CARGO) build -p ringfence-authors --features scripted --example scripted_endpoint

.PHONY: guest
guest: ## A kernel with cgroup v2 and QEMU, for the tests only; nothing is installed.
	sh scripts/guest.sh $(RINGFENCE_GUEST_DIR)

.PHONY: postgres
postgres: setup ## Debian's Postgres, for the tests only; without it those that need it skip.
	@sh scripts/setup.sh postgresql || true

.PHONY: clients
clients: setup ## What the examples of clients need, for the tests.
	sh scripts/clients.sh $(RINGFENCE_CLIENTS_DIR)

.PHONY: contract
contract: ## What the tests try the API with, from PyPI; nothing is installed outside the directory.
	sh scripts/contract.sh $(RINGFENCE_CONTRACT_DIR)

.PHONY: openapi
openapi: build ## Renew docs/openapi.json, the description of the API.
	$(PROGRAM) openapi >docs/openapi.json

runtimes: build
	$(PROGRAM) runtimes build
