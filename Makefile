# All there is to type. Each target makes the environment that it needs in .venv, from
# the versions in constraints.txt; nothing but Python 3.11+, its venv and pip, and make
# has to be there before.

PYTHON ?= python3
ARGS ?=

# Two makes at once: the second one waits while the first one installs.
LOCKED := $(shell command -v flock >/dev/null 2>&1 && echo flock Makefile)
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input

.PHONY: help .venv demo test check bench docs format lock clean

help:
	@echo 'make demo    ninety days of a fintech, verified; then tampered with, and it is named'
	@echo '             (make demo ARGS="--keep" keeps it running; --help says what else)'
	@echo 'make test    every test that can run on this machine'
	@echo 'make check   lint, types, layers, documents'
	@echo 'make bench   measure, side by side with other ways'
	@echo 'make .venv   the environment alone'
	@echo 'make docs    write the references; make format lets ruff format'
	@echo 'make lock    renew constraints.txt; make clean removes what was made'

.venv: .venv/made

# In place, so that what runs from it goes on; `make clean` begins anew. The build
# backend comes from constraints.txt too, hence without build isolation.
.venv/made: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 ...' >&2; exit 1; }
	@echo 'Making .venv: half a minute, once.'
	@$(LOCKED) sh -ec '$(PYTHON) -m venv .venv; \
	  $(PIP) install -c constraints.txt hatchling editables; \
	  $(PIP) install -c constraints.txt --no-build-isolation -e ".[dev,embedded,serve,report,examples]"; \
	  touch .venv/made'

.venv/made-bench: .venv/made
	@$(LOCKED) sh -ec '$(PIP) install -c constraints.txt --no-build-isolation \
	  -e ".[dev,embedded,serve,report,examples,bench]"; touch .venv/made-bench'

demo: .venv/made
	@.venv/bin/python -m examples.fintech.demo $(ARGS)

# Compiled first, for tests begin thousands of processes, and not every machine keeps what
# they compile. Two workers a core: they wait for servers half of their time. What this machine lacks
# is counted in the last lines.
WORKERS := $(shell n=$$(( 2 * $$(nproc 2>/dev/null || echo 1) )); echo $$(( n > 8 ? 8 : n )))

test: .venv/made
	@.venv/bin/python -m compileall -q src
	.venv/bin/python -m pytest -q -n $(WORKERS) $(ARGS)

check: .venv/made
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -q tests/test_docs.py

bench: .venv/made-bench
	.venv/bin/python -m bench $(ARGS)

# The pages that are written from the program itself.
docs: .venv/made
	.venv/bin/python -m tests.cli_reference
	.venv/bin/python -m tests.presets_reference
	.venv/bin/python -m tests.detections_reference
	.venv/bin/python -m tests.catalog_reference
	.venv/bin/python -m tests.api_reference

format: .venv/made
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

# Newest versions that fit, for every Python and system at once. The header that uv
# would write names this machine's paths, its index options the registry: neither.
lock: .venv/made
	$(PIP) install uv
	{ echo '# Every version that .venv gets; written by: make lock'; \
	  .venv/bin/uv pip compile -q --universal --python-version 3.11 --all-extras \
	    --upgrade --no-emit-index-url --no-header --no-annotate pyproject.toml; \
	} > constraints.txt.new
	mv constraints.txt.new constraints.txt

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
	  .hypothesis
