# Each target sets up .venv by itself; nothing but python3 ≥ 3.11 with its venv module is needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test acceptance system soak kills check install uninstall lock clean

demo: .venv/.demo
	$(BIN)/invoice-sync demo $(DEMO)

test: .venv/.dev
	$(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal tests/unit tests/property tests/integration $(PYTEST)

ACCEPTANCE ?= tests/acceptance
acceptance: .venv/.dev
	$(BIN)/pytest -n 4 --dist worksteal $(ACCEPTANCE) $(PYTEST)  # they wait more than they work

# A real systemd, booted in a container; root alone can do that. Fetches what is not there of it.
SYSTEM := systemd systemd-container dbus util-linux man-db
system: .venv/.dev .venv/.wheels
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v systemd-nspawn >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SYSTEM); \
	fi
	$(BIN)/pytest tests/system $(PYTEST)

# Everything that `make install` needs, so that it can be shown without a network.
.venv/.wheels: requirements.lock .venv/.dev
	$(BIN)/pip download --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock -d .venv/wheels
	touch $@

# Simulated schedules from fresh seeds on all cores, for hours if one likes; ends with 1 when a promise was broken.
# SOAK=--every-step: each seed as often as it has steps, the process dying at each.
# MUTANTS=1: wrong versions of the protocol instead, each until a seed catches it.
SOAK_MINUTES ?= 60
soak: .venv/.dev
	$(BIN)/python -m tests.property.simulation --minutes $(SOAK_MINUTES) $(if $(MUTANTS),--mutants) $(SOAK)

# kill -9 of the real process at every step, KILLS times and more; prints what was lost and doubled.
kills: .venv/.dev
	$(BIN)/python -m tests.acceptance.kills $(KILLS)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What runs, from requirements.lock; with --require-hashes pip refuses anything that is not exactly what was locked.
.venv/.demo: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The same and what checks it.
.venv/.dev: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ .venv/.demo

# As root; DESTDIR, PREFIX and WHEELS are explained in systemd/install.sh.
install uninstall:
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" PYTHON="$(PYTHON)" WHEELS="$(WHEELS)" systemd/$@.sh

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group build --group dev -o requirements-dev.lock

clean:
	rm -rf .venv build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
