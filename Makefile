# What people type. The work is in cargo and scripts/.
.DEFAULT_GOAL := help
.PHONY: help run test test-rust test-e2e test-deps lint fmt bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Build and serve on an embedded SQLite (HTTP_PORT=8080, GRPC_PORT=5000); says how to go on
	@exec scripts/run $(ARGS)

test: test-deps ## Run every test; installs what they need (Debian packages, Python packages) first
	@exec scripts/run-tests

test-rust: ## Run the Rust tests
	@exec scripts/run-tests rust

test-e2e: test-deps ## Run the end-to-end tests: real iPXE in QEMU (ARGS="-k null" chooses some)
	@exec scripts/run-tests e2e -- $(ARGS)

test-deps: ## Install what the tests and checks need
	@scripts/install-test-deps

lint: ## Check format, clippy, docs and dependencies; warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items
	scripts/cargo-deny check bans licenses sources

fmt: ## Format the code
	cargo fmt --all

bench: ## Run the benchmarks (ARGS chooses some)
	cargo bench -- $(ARGS)
