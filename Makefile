# The commands of the project. Each installs what it misses (Debian packages as root; otherwise it says what to run).
#
#   make demo    build and run the service with a demo provider and two customers
#   make test    every check
#   make bench   measure, write bench/results/*.json, print the table
#   make fuzz    fuzz each parser for FUZZ_S seconds (default 60)
#   make fmt     format

SHELL := /bin/bash
CARGO ?= cargo
DEMO_ARGS ?=
FUZZ_S ?= 60
export CARGO_TERM_COLOR ?= auto

WEB_SOURCES := $(shell find web/src web/*.json web/*.ts -type f 2>/dev/null)

.PHONY: demo build test bench fuzz fmt web tidy lint unit web-test journeys

demo: build
	@exec target/debug/nagaya demo $(DEMO_ARGS)

build: web/dist/session.js
	@scripts/packages build run
	@$(CARGO) build --locked --package nagaya

web: web/dist/session.js

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/session.js: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@cd web && npm run --silent build
	@touch $@

# The executable is built with the tests: one selection of packages, so that no dependency is built twice.
test: web/dist/session.js
	@scripts/packages build run test
	@scripts/check

bench: build
	@scripts/packages bench test
	@bench/run

fuzz:
	@scripts/packages build
	@scripts/fuzz $(FUZZ_S)

fmt:
	@$(CARGO) fmt --all
	@cd fuzz && $(CARGO) fmt
