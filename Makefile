# What to do with the portal; `make` alone lists it.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV ?= $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: help run test check bench soak install pictures lock clean

help:
	@echo "make run       serve the portal on http://$(HOST):$(PORT)     HOST=0.0.0.0 PORT=8080"
	@echo "make test      every test, those in a browser too          ARGS='-k signup -x'"
	@echo "make check     format, lint, types, layers, templates, translations, known holes"
	@echo "make bench     a rush, and 100,000 registrations, measured  ARGS=contention"
	@echo "make soak      a thousand people at an opening, half an hour of load ARGS='mixed --minutes 5'"
	@echo "make install   $(VENV) with the portal in it, and no more       PYTHON=python3.13"
	@echo "make pictures  a screenshot of every page"
	@echo "make lock      requirements*.txt from pyproject.toml       UPGRADE=1 for the newest of all"
	@echo "make clean     away with $(VENV) and the tools' caches; var/ stays"

run: install
	@exec $(BIN)/portal serve --host $(HOST) --port $(PORT)

test: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.support.browser
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint templates
	$(BIN)/python -m scripts.translations check
	$(BIN)/python -m scripts.audit

bench: $(VENV)/dev.stamp
	$(BIN)/python -m scripts.bench $(ARGS)

soak: $(VENV)/dev.stamp
	$(BIN)/python -m scripts.soak $(ARGS)

install: $(VENV)/stamp

pictures: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.support.browser
	$(BIN)/python -m scripts.pictures

lock: | $(BIN)/python
	@command -v $(UV) >/dev/null || $(PIP) install --quiet uv
	$(COMPILE) pyproject.toml --group build --output-file requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find portal tests scripts migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is younger than everything that its step was made from, so that a second `make` does nothing.

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here; the portal needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) scripts/venv.py $(VENV)

$(VENV)/stamp: requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes --requirement requirements.txt
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/stamp
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@
