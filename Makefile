# Both `make demo` and `make test` do all their own set-up; they need Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test coverage check docs wheel plugins pretrained clean

demo: .venv/ready
	$(BIN)/seqgen sample bach-chorales -o demo/from-the-box -n 1 --set bars=16
	$(BIN)/seqgen train bach-chorales -o demo/run --minutes 3 --resume
	$(BIN)/seqgen sample demo/run -o demo -n 4 --set bars=16 --seed 1
	$(BIN)/seqgen evaluate demo/run
	@echo "See, hear and play with it: $(BIN)/seqgen studio demo/run"

# CI adds --cov, which takes a quarter to two thirds more CPU time.
test: .venv/ready
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_OPTIONS)

coverage:
	$(MAKE) test PYTEST_OPTIONS="--cov --cov-report=term"

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file bench/mypy.ini bench/*.py

# Builds the site into site/. Any warning is an error.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# Builds the wheel and checks what is in it.
wheel: .venv/ready
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps -w dist .
	$(BIN)/python .ci/check_wheel.py dist/*.whl

# Tests the plugins that are distributions of their own against the wheels, each in a new environment. Some minutes.
plugins: .venv/ready
	$(BIN)/python .ci/check_plugins.py

# The model in the box; to be made anew whenever the chorales' grammar or the engine's weights change. About 5 minutes.
# Its settings are those that the domain recommends for chorales.
pretrained: .venv/ready
	rm -rf runs/pretrained
	$(BIN)/seqgen train bach-chorales -o runs/pretrained --steps 4000
	cp runs/pretrained/bundle/* seqgen/models/pretrained/bach-chorales/
	rm -rf runs/pretrained-tunes
	$(BIN)/seqgen train irish-tunes -o runs/pretrained-tunes --steps 4000 --set hidden_size=160 --set condition_size=40 --set dropout=0.15
	mkdir -p seqgen/models/pretrained/irish-tunes
	cp runs/pretrained-tunes/bundle/* seqgen/models/pretrained/irish-tunes/
	$(BIN)/python bench/tunes.py --corpus runs/pretrained-tunes/corpus \
	    --card seqgen/models/pretrained/irish-tunes/README.md

clean:
	rm -rf .venv demo

# The plugins that are distributions of their own are installed like those of strangers.
PLUGINS := $(dir $(wildcard plugins/*/pyproject.toml))

.venv/ready: pyproject.toml constraints.txt $(PLUGINS:%=%pyproject.toml)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,docs,export,cluster,studio,remote]' $(PLUGINS:%=-e ./%)
	touch $@
