# Two commands: `make run` does a street's business day, `make test` proves it. Only Python 3.11-3.13 and make are needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TYPES  := .venv-types
TOOLS  := .venv-tools
PEERS  := .venv-peers
SUPER  := .venv-superset
export DO_NOT_TRACK := 1

.PHONY: run help stop setup hooks test tests truth fuzz compare bench-linkage lint lint-contracts format lock render superset docs clean

run: setup  ## set up, start, run the first business days, show where to look
	@$(BIN)/street run

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

stop:  ## stop everything `make run` started
	@$(BIN)/street down

setup: $(READY)  ## the environment, .venv, as requirements.lock has it

# uv installs the locked set in seconds; it follows pip's own index setting where there is one (a company mirror). It
# compiles it once: else each of Airflow's processes would, wherever Python may not write beside its packages.
$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed; name one with make PYTHON=python3.12")'
	@echo "Setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	  $${index:+env UV_DEFAULT_INDEX=$$index} $(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

hooks: setup $(TYPES)/.ready  ## let git hold each commit to the gates of `make lint`
	@$(BIN)/pre-commit install

test: setup  ## every gate and every test, the whole stack included
	@$(MAKE) --no-print-directory --jobs 2 lint tests

# A worker more than there are cores: one of them mostly waits, for Airflow or for a clock. Tables of a test are small:
# Polars' threads would spend a fifth of their time on waking each other.
tests: setup  ## every test, without the gates
	@POLARS_MAX_THREADS=1 $(BIN)/pytest --numprocesses 3 --no-loadscope-reorder --durations 15

# CI holds a small street against its truth; what is rare shows only in a whole one. Another street: TRUTH_SEED=7.
truth: setup  ## a street of full size against its truth (some 6 minutes)
	@TRUTH_PERSONS=240000 $(BIN)/pytest --numprocesses 2 --no-loadscope-reorder \
	  tests/dbt_project/test_truth.py tests/dbt_project/test_truth_persons.py tests/dbt_project/test_truth_tags.py \
	  tests/e2e/test_truth.py

# Every run of the tests tries a few hundred of them.
fuzz: setup  ## 10,000 damaged lists against a second count of their people (FUZZ_CASES=100000 for more)
	@FUZZ_CASES=$${FUZZ_CASES:-10000} $(BIN)/pytest --numprocesses 2 tests/fuzz

# Two days of a small street by each code. REV is the code to compare with: make compare REV=HEAD~1
compare: setup  ## hold what this code publishes against what another revision does, on one street
	@$(BIN)/python tests/benchmarks/compare.py $(REV)

# An hour. The tools it is held against want other versions than the project does: an environment of their own.
bench-linkage: setup $(PEERS)/.ready  ## who is who and where, measured beside other tools: docs/benchmarks.md
	@$(BIN)/python -m tests.benchmarks.linkage.run $(BENCH)

# It gives way to the tests that `make test` runs beside it: they take the longest. .pre-commit-config.yaml holds a commit
# to the same gates; a test compares the two.
lint: setup $(TYPES)/.ready  ## every gate: style, types, imports, SQL
	@nice $(BIN)/ruff check .
	@nice $(BIN)/ruff format --check .
	@nice $(TYPES)/bin/mypy
	@nice $(BIN)/lint-imports
	@nice $(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

# datacontract-cli wants other versions than the project does: an environment of its own, made when it is first asked for.
lint-contracts: setup $(TOOLS)/.ready  ## the contracts by the standard's own tool
	@for contract in sources/contracts/*.yaml; do $(TOOLS)/bin/datacontract lint "$$contract" || exit 1; done

# mypy since 2.0 takes half the time, and wants a newer pathspec than dbt does.
$(TYPES)/.ready: requirements-types.lock
$(TOOLS)/.ready: requirements-tools.lock
$(PEERS)/.ready: requirements-peers.lock
$(TYPES)/.ready $(TOOLS)/.ready $(PEERS)/.ready: | $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	  $${index:+env UV_DEFAULT_INDEX=$$index} $(BIN)/uv pip sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@

format: setup  ## rewrite what the gates of style can mend by themselves
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix dbt_project/models dbt_project/tests

# Superset imports rich and cachetools without asking for them, and its cache is not ready for flask-caching 2.4.
lock: setup  ## resolve requirements.in anew
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --upgrade requirements.in --output-file requirements.lock
	@grep '^uv==' requirements.lock | cut -d' ' -f1 | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header - --output-file requirements-uv.lock
	@echo mypy | $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header - --output-file requirements-types.lock
	@echo datacontract-cli | $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header - --output-file requirements-tools.lock
	@printf '%s\n' cpca jionlp recordlinkage 'setuptools<81' splink | $(BIN)/uv pip compile --quiet --python-version 3.11 --universal \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header - --output-file requirements-peers.lock
	@printf '%s\n' apache-superset cachetools 'flask-caching<2.4' psycopg2-binary rich | $(BIN)/uv pip compile --quiet --python-version 3.11 --universal \
	  --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate --no-header - \
	  --output-file requirements-superset.lock

render: setup  ## re-render what the contracts determine
	@$(BIN)/python -m runtime.render

# Superset wants other versions than the project does: an environment of its own, as for the tools.
superset: setup $(SUPER)/.ready  ## a real Superset over the running warehouse (COMMITTEE=310115016002 for another one)
	@$(BIN)/python -m runtime.superset.serve $${COMMITTEE:+--committee $$COMMITTEE}

$(SUPER)/.ready: requirements-superset.lock
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SUPER)
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	  $${index:+env UV_DEFAULT_INDEX=$$index} $(BIN)/uv pip sync --quiet --python $(SUPER)/bin/python --require-hashes $<
	@touch $@

docs: setup  ## the documentation site, under var/docs
	@$(BIN)/street docs

clean: stop  ## remove the environments and all data under var
	rm -rf $(VENV) $(TOOLS) $(PEERS) $(SUPER) var
