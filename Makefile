# `make help` lists the commands.
#   PORT=8001     where `make run` and `make dev` listen (default 8000)
#   PYTHON=...    the Python (3.11 or newer) that the environment is built from
#   ARGS=...      passed on: to pytest by `make test` and `make test-slow`, to the program by `bench`, `lighthouse`, `screenshots`

MAKEFLAGS += --no-print-directory
export PYTHON
# The tests start hundreds of processes, which would compile the forum anew where Python may not store bytecode.
unexport PYTHONDONTWRITEBYTECODE
port := $(if $(PORT),--port $(PORT))
venv := .venv/bin
# Tests spend half of their time waiting for servers and browsers, so run one process more than cores, and at most four.
processes := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 3 ? n + 1 : 4)))

.DEFAULT_GOAL := help
.PHONY: help run install wheel dev test test-slow coverage check bench lighthouse screenshots snapshots translations lock audit format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: ## build everything, load the demo when empty, serve at http://127.0.0.1:8000
	@bin/bootstrap run
	@exec $(venv)/forum run $(port)

install: ## build the environment and the texts, and serve nothing: for a server
	@bin/bootstrap run
	@umask 022; $(venv)/pybabel --quiet compile --directory translations

wheel: install ## build dist/forum-….whl: the forum to be installed without its checkout
	@$(venv)/uv build --quiet --wheel --no-build-isolation --out-dir dist

dev: ## build everything for development, serve like `make run`, reload when a file changes
	@bin/bootstrap dev
	@exec $(venv)/forum dev $(port)

test: ## what the tests need, then the suite on SQLite, without its long part
	@bin/bootstrap dev
	@bin/test-needs
	@$(venv)/pytest -n $(processes) --dist worksteal -m "not slow and not postgresql" $(ARGS)

test-slow: ## the suite's long part: PostgreSQL, repeated races, faults under load, planted mistakes, every page
	@bin/bootstrap dev
	@bin/test-needs
	@$(venv)/pytest -n $(processes) --dist worksteal -m "slow or postgresql" $(ARGS)

# Slow tests and tests on PostgreSQL that run lines which no test of `make test` runs.
counted := $(addprefix tests/,app/test_postgres_waits.py audit/test_chain.py commands content/test_round_trip.py \
	faults/test_cut_connection.py faults/test_database.py guards/test_every_command.py guards/test_failing_closed.py \
	guards/test_templates.py health jobs news/test_search.py registration/test_state_counts.py \
	registration/test_text_index.py web/test_content_version.py)

coverage: ## which lines and branches of forum/ neither `make test` nor some slow tests run (ARGS="-k ..." for a part)
	@bin/bootstrap dev
	@bin/test-needs
	@$(venv)/pytest -n $(processes) --dist worksteal -m "not slow and not postgresql" --cov --cov-report= $(ARGS)
	@$(if $(ARGS),,$(venv)/pytest -n $(processes) --dist worksteal -m "slow or postgresql" --cov --cov-append --cov-report= $(counted))
	@$(venv)/coverage report

check: ## lint, types, templates, imports, migrations, translations, commit subjects; the longest functions
	@bin/bootstrap dev
	@bin/test-needs postgresql
	@bin/check

format: ## correct what ruff can correct, and format the code
	@bin/bootstrap dev
	@bin/ruff check --quiet --fix
	@bin/ruff format

bench: ## measure pages, registrations and lists; a report to the terminal
	@bin/bootstrap dev
	@bin/test-needs postgresql
	@$(venv)/python -m bench $(ARGS)

lighthouse: ## measure the public pages with Lighthouse, as a phone sees them (needs Node.js)
	@bin/bootstrap dev
	@bin/test-needs chromium
	@$(venv)/python bin/lighthouse $(ARGS)

screenshots: ## take pictures of the pages: the README's, and all of them in instance/screenshots/
	@bin/bootstrap dev
	@bin/test-needs chromium
	@$(venv)/python bin/screenshots $(ARGS)

snapshots: ## write what each mail says to tests/outbox/snapshots/, to be read before it is committed
	@bin/bootstrap dev
	@$(venv)/pytest -q -n0 tests/outbox/test_snapshots.py --write-snapshots

translations: ## collect the texts of code and templates into translations/
	@bin/bootstrap dev
	@bin/translations

lock: ## write both hashed locks anew from pyproject.toml, then the bill of materials and the licences
	@bin/bootstrap dev
	@bin/lock $(ARGS)
	@bin/bootstrap dev
	@$(venv)/python bin/bill-of-materials

audit: ## look for known weaknesses of the pinned packages, where a source of advisories can be reached
	@bin/bootstrap dev
	@$(venv)/python bin/audit $(ARGS)

clean: ## remove the files that these commands made, but never instance/
	rm -rf tools/lighthouse/node_modules
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
