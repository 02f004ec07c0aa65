# make demo: from a fresh clone to the class table.  make test: set up and run the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lab build lint clean

setup: .venv/ready

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); \
	  sys.exit(not ok and "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + \
	  "; name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@echo "Installing the packages (a few minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup
	$(BIN)/python -m demo

test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab --notebook-dir=notebooks

build: setup
	$(BIN)/python -m autograder build

clean:
	rm -rf .venv out build *.egg-info
