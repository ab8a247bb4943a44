# What people type. The work is in cargo and scripts/.
.DEFAULT_GOAL := help
.PHONY: help run test test-rust test-e2e test-site test-deps lint check-fmt clippy doc deny fmt bench bench-quick bench-criterion load fuzz chart-example uml deb container

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Build and serve on an embedded SQLite (HTTP_PORT=8080, GRPC_PORT=5000); says how to go on
	@exec scripts/run $(ARGS)

test: test-deps ## Run every test; installs what they need (Debian packages, Python packages) first
	@exec scripts/run-tests

test-rust: ## Run the Rust tests
	@exec scripts/run-tests rust

test-e2e: test-deps ## Run the end-to-end tests: real iPXE in QEMU (ARGS="-k null" chooses some)
	@exec scripts/run-tests e2e -- $(ARGS)

test-site: test-deps ## Run the tests of what sites install: chart, packages, examples (ARGS chooses some)
	@exec scripts/run-tests site -- $(ARGS)

test-deps: ## Install what the tests and checks need
	@scripts/install-test-deps

lint: check-fmt clippy doc deny ## Check format, clippy, docs and dependencies; warnings are errors

check-fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Nobody but us reads these pages, so they have the private items, and may link to them.
doc: export RUSTDOCFLAGS = -D warnings -A rustdoc::private_intra_doc_links
doc:
	cargo doc --workspace --no-deps --document-private-items --locked

deny:
	scripts/cargo-deny check bans licenses sources

fmt: ## Format the code
	cargo fmt --all

fuzz: ## Let libFuzzer look for inputs that break a target (ARGS="template 60"; needs a nightly compiler)
	@exec scripts/fuzz $(ARGS)

bench: ## Measure what boots cost, and write docs/performance.md
	@exec scripts/bench $(ARGS)

bench-quick: ## The load tool's scenarios, with few and short rounds
	@exec scripts/load bench --quick $(ARGS)

bench-criterion: ## The benchmarks of criterion (ARGS chooses some)
	cargo bench -- $(ARGS)

load: ## Let machines ask a server of their own (ARGS="--mode storm -n 10000"; ARGS=--help)
	@exec scripts/load run $(ARGS)

chart-example: ## Write charts/example.yaml and the snapshots of the chart anew
	UPDATE_DOCS=1 scripts/run-tests site -- -n 0 -k chart

uml: ## Write the pictures of the diagrams in docs/uml anew (Debian package plantuml)
	@exec scripts/uml

deb: ## Make target/pxe-init.deb, the Debian package
	scripts/deb target/pxe-init.deb

container: ## Make target/pxe-init.tar, the container image as an OCI archive
	scripts/container target/pxe-init.tar
