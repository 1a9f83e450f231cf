# `make` alone lists the targets. GNU Make 4.3 or later.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
# One step at a time, also under -j: SwiftPM uses all cores itself and locks its build directory.
.NOTPARALLEL:

SWIFT ?= swift
# Debian's own Python: the one that the package python3-venv belongs to.
PYTHON ?= $(if $(wildcard /usr/bin/python3),/usr/bin/python3,python3)
VENV := .venv
# Arguments for `quintet serve` or the benchmark:  make run ARGS="--port 9000"
ARGS ?=

# g++ for the C++ standard library that simdjson and the Swift toolchain need; git for SwiftPM.
BUILD_PACKAGES := g++ git ca-certificates libcurl4-openssl-dev libsimdjson-dev libzstd-dev libhiredis-dev
# nginx and openssl for HTTPS and HTTP/2 as providers have them.
TEST_PACKAGES := python3 python3-venv nginx openssl redis-server
# A browser for the pages.
PAGE_PACKAGES := chromium
BENCH_PACKAGES := python3 nginx wrk redis-server redis-tools

SWIFT_FLAGS := --explicit-target-dependency-import-check error
# Whole-program specialisation; docs/performance.md has the figures. Exclusive access to memory is checked at run time in
# debug builds, in which all tests run, and at compile time in both.
RELEASE_FLAGS := -c release --static-swift-stdlib $(SWIFT_FLAGS) \
    -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked

# Python leaves no __pycache__ in the source tree.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r name text; do \
	    printf '  make %-11s %s\n' "$$name" "$$text"; \
	done

.PHONY: build-tools
build-tools:
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6.3 is missing: https://www.swift.org/install/" >&2; exit 1; }
	@scripts/packages $(BUILD_PACKAGES)

.PHONY: build
build: build-tools ## build the release binary, .build/release/quintet
	$(SWIFT) build $(RELEASE_FLAGS) --product quintet

# The release build: it takes a few minutes the first time, but who tries Quintet also looks at its
# speed, and a debug build is several times slower.
.PHONY: run
run: build ## build and serve on 127.0.0.1:8080  (ARGS="--port 9000")
	@exec .build/release/quintet serve $(ARGS)

.PHONY: test
test: test-swift test-sdk test-llama test-pages ## run all tests: Swift, the OpenAI SDK, llama.cpp, the pages

.PHONY: build-tests
build-tests: build-tools
	$(SWIFT) build --build-tests $(SWIFT_FLAGS)

.PHONY: test-swift
# Swift Testing would run all tests at once, and those that talk over sockets would wait for the processor
# behind thousands of computed schedules.
TEST_WIDTH := 4
# How long random requests are thrown at the cache.  make test-swift LOAD_SECONDS=600
LOAD_SECONDS := 60

test-swift: build-tests ## run the Swift tests
	@scripts/packages $(TEST_PACKAGES)
	QUINTET_LOAD_SECONDS=$(LOAD_SECONDS) SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) \
	    $(SWIFT) test --skip-build $(SWIFT_FLAGS)

.PHONY: test-sdk
test-sdk: build-tests $(VENV)/ready ## run the official OpenAI SDK against a gateway
	$(VENV)/bin/python -m pytest Tests/sdk

.PHONY: test-llama
test-llama: build-tests $(VENV)/ready ## run a gateway in front of llama.cpp's own server
	$(VENV)/bin/python -m pytest Tests/llama

.PHONY: test-pages
test-pages: build-tests $(VENV)/ready ## look at the pages in headless Chromium
	@scripts/packages $(PAGE_PACKAGES)
	$(VENV)/bin/python -m pytest Tests/pages

# Made anew when a requirement changes. pip is upgraded first: the one of Debian 12 resolves for minutes.
REQUIREMENTS := Tests/sdk/requirements.txt Tests/llama/requirements.txt Tests/pages/requirements.txt
$(VENV)/ready: $(REQUIREMENTS)
	@scripts/packages $(TEST_PACKAGES)
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$(REQUIREMENTS))
	@touch $@

.PHONY: bench
bench: build ## measure Quintet against nginx  (ARGS="--rounds 3")
	@scripts/packages $(BENCH_PACKAGES)
	@$(PYTHON) Benchmarks/gateway/bench.py $(ARGS)

.PHONY: bench-cache
bench-cache: build ## measure the cache against nginx's and Redis  (ARGS="--part hit")
	@scripts/packages $(BENCH_PACKAGES)
	@$(PYTHON) Benchmarks/cache/bench.py $(ARGS)

.PHONY: bench-key
bench-key: build-tools ## measure what a cache key costs
	$(SWIFT) build $(RELEASE_FLAGS) --product KeyBenchmark
	@.build/release/KeyBenchmark

.PHONY: clean
clean: ## remove everything that was built
	rm -rf .build $(VENV)
