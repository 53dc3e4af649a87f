# Each target sets up .venv by itself; nothing but python3 ≥ 3.11 with its venv module is needed.
PYTHON ?= python3
# `make test PYTHON=python3.13` works in .venv-3.13 where .venv is of another Python: that one would answer otherwise.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
VENV := .venv
ifneq ($(origin PYTHON),file)
  ASKED := $(shell $(PYTHON) -c '$(VERSION)')
  BUILT := $(shell .venv/bin/python -c '$(VERSION)' 2>/dev/null)
  ifneq ($(filter-out $(ASKED),$(BUILT)),)
    VENV := .venv-$(ASKED)
  endif
endif
BIN := $(VENV)/bin

.PHONY: demo test some coverage pythons acceptance system soak kills check install uninstall lock clean

demo: $(VENV)/.demo
	$(BIN)/invoice-sync demo $(DEMO)

# One more than there are processors: many tests wait now and then.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(8, os.cpu_count() + 1))')
test: $(VENV)/.dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests/unit tests/property tests/integration $(PYTEST)

ACCEPTANCE ?= tests/acceptance
acceptance: $(VENV)/.dev
	$(BIN)/pytest -n 4 --dist worksteal $(ACCEPTANCE) $(PYTEST)  # they wait more than they work

# How much of the code the tests run. Measured apart from .ci/run, whose tests take a third longer with it; those of the
# acceptance tests that alone run some of the code are here too, the others kill and fail what has been covered.
COMMANDS := $(addprefix tests/acceptance/test_,console.py demo.py drill.py init.py process.py systemd.py)
coverage: $(VENV)/.dev
	rm -f .coverage .coverage.*
	$(MAKE) --no-print-directory test PYTEST="--cov --cov-report="
	$(MAKE) --no-print-directory acceptance ACCEPTANCE="$(COMMANDS)" PYTEST="--cov --cov-append --cov-report="
	-$(BIN)/coverage combine --append --quiet
	$(BIN)/coverage report --fail-under=90

# The other Pythons that pyproject.toml names and this machine has, each with the tests that its version could break.
PYTHONS := $(shell sed -n 's/.*Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
pythons: .venv/.dev
	@for version in $(PYTHONS); do \
		test "$$version" = "$$(.venv/bin/python -c '$(VERSION)')" && continue; \
		for python in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python$$version none; do \
			"$$python" -c "" 2>/dev/null && break; \
		done; \
		test "$$python" = none && { echo "no Python $$version here"; continue; }; \
		echo "with Python $$version" && $(MAKE) --no-print-directory some PYTHON="$$python" || exit 1; \
	done

SOME := $(addprefix tests/unit/test_,state.py ownership.py settings.py log.py magento_calls.py parse.py units.py)
some: $(VENV)/.dev
	$(BIN)/pytest -q $(SOME) tests/integration/test_bad_states.py $(PYTEST)

# A real systemd, booted in a container; root alone can do that. Fetches what is not there of it.
SYSTEM := systemd systemd-container dbus util-linux man-db
system: $(VENV)/.dev $(VENV)/.wheels
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v systemd-nspawn >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SYSTEM); \
	fi
	$(BIN)/pytest tests/system $(PYTEST)

# Everything that `make install` needs, so that it can be shown without a network.
$(VENV)/.wheels: requirements.lock $(VENV)/.dev
	$(BIN)/pip download --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock -d $(VENV)/wheels
	touch $@

# Simulated schedules from fresh seeds on all cores, for hours if one likes; ends with 1 when a promise was broken.
# SOAK=--every-step: each seed as often as it has steps, the process dying at each.
# MUTANTS=1: wrong versions of the protocol instead, each until a seed catches it.
SOAK_MINUTES ?= 60
soak: $(VENV)/.dev
	$(BIN)/python -m tests.property.simulation --minutes $(SOAK_MINUTES) $(if $(MUTANTS),--mutants) $(SOAK)

# kill -9 of the real process at every step, KILLS times and more; prints what was lost and doubled.
kills: $(VENV)/.dev
	$(BIN)/python -m tests.acceptance.kills $(KILLS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.prose --pronouns 30 --clauses 0

# What runs, from requirements.lock; with --require-hashes pip refuses anything that is not exactly what was locked.
$(VENV)/.demo: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The same and what checks it.
$(VENV)/.dev: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.demo

# As root; DESTDIR, PREFIX and WHEELS are explained in systemd/install.sh.
install uninstall:
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" PYTHON="$(PYTHON)" WHEELS="$(WHEELS)" systemd/$@.sh

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --group build --group dev -o requirements-dev.lock

clean:
	rm -rf .venv .venv-* build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
