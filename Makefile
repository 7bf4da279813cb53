# Needs only Python 3.11 or newer. `make test` on a fresh clone does everything.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup chromium test lint types imports unit demo faults bench peers lock format

BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE = pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) chromium ## .venv with everything pinned, and the command .venv/bin/restorebot; Chromium for the tests

# The stamp lies in the environment, so that who deletes the one deletes the other.
$(READY): requirements-dev.txt requirements.txt pyproject.toml
	@if ! test -x $(BIN)/python; then \
	  for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	  done; \
	  if test -z "$${found:-}"; then \
	    echo "Restorebot needs Python 3.11 or newer; here is $$(python3 --version 2>&1 || echo none)." \
	      "Nothing was changed. Install it (Debian: apt-get install python3 python3-venv) and run make setup again." >&2; \
	    exit 1; \
	  fi; \
	  "$$found" -m venv .venv || { \
	    rm -rf .venv; \
	    echo "$$found cannot make a virtual environment. Debian: apt-get install python3-venv; then run make setup again." >&2; \
	    exit 1; \
	  }; \
	fi
	$(PIP) install --require-hashes --requirement requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Only an administrator can install it, and only the browser tests need it: where it cannot be installed, this says how,
# and those tests fail with the same sentence.
chromium:
	@if ! type -P chromium >/dev/null; then \
	  if test "$$(id -u)" = 0 && type -P apt-get >/dev/null; then \
	    apt-get update --quiet=2 && \
	    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends chromium >/dev/null; \
	  else \
	    echo "The browser tests need Chromium, which only an administrator can install." \
	      "Everything else works without it. Run: sudo apt-get install --yes chromium" >&2; \
	  fi; \
	fi

test: lint types imports unit ## everything CI checks

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports --no-logo

# Half of the time tests wait, for servers, browsers and processes they stop: three of them keep two cores busy.
AT_ONCE = --numprocesses $$($(BIN)/python -c 'import os; print((os.cpu_count() or 2) * 3 // 2)')

unit: setup
	$(BIN)/pytest $(AT_ONCE) -m "not slow"

demo: $(READY) ## an organization in trouble, in a Slack workspace of this machine; in the terminal: restorebot demo --cli
	$(BIN)/restorebot demo

faults: setup ## every damage, stop and kill, not only the slice make test takes
	FAULTS=all $(BIN)/pytest $(AT_ONCE) tests/faults

bench: setup peers ## speed and memory against what people would use instead; BENCH=--help
	$(BIN)/python -m tests.bench $(BENCH)

# Only an administrator can install these, and only the bench needs them.
peers: ## Debian's restic and PostgreSQL 15, for make bench
	@missing=(); \
	type -P restic >/dev/null || missing+=(restic); \
	test -x /usr/lib/postgresql/15/bin/pg_restore || missing+=(postgresql-15); \
	if test $${#missing[@]} -gt 0; then \
	  if test "$$(id -u)" = 0 && type -P apt-get >/dev/null; then \
	    apt-get update --quiet=2; \
	    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$${missing[@]}"; \
	  else \
	    echo "The bench needs $${missing[*]}, which only an administrator can install." \
	      "Nothing was changed. Run: sudo apt-get install --yes $${missing[*]}" >&2; \
	    exit 1; \
	  fi; \
	fi

format: setup ## rewrite the sources as make test wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.make/uv/bin/uv:
	python3 -m venv .make/uv
	.make/uv/bin/python -m pip --disable-pip-version-check --quiet install uv

lock: .make/uv/bin/uv ## requirement files from pyproject.toml; UPGRADE=--upgrade takes the newest versions
	$< $(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements.txt
	$< $(COMPILE) $(UPGRADE) pyproject.toml --extra dev --constraints requirements.txt --output-file requirements-dev.txt
