# Chainmeet: `make demo` shows it, `make test` checks it. All real work is in `chainmeet --help`.
.DEFAULT_GOAL := help
.PHONY: help demo up plan-example check test faults test-dates test-last-release coverage fuzz lint format docs components where pictures page-pictures messages \
  lock dist sbom release clean

BIN := .venv/bin
NPM := build/npm/node_modules/.package-lock.json
UV := $(shell command -v uv 2>/dev/null)
PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE # the tests start hundreds of programs: none of them compiles our modules again
OPTIONS = $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA)) $(ARGS)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo "  Options: EXIT=1 (demo: stop at the end), PORT=8001, DATA=folder, ARGS='...', PYTHON=python3.12"

demo: .venv/run.stamp ## See a full-size expo planned, published and invited (EXIT=1: then stop)
	@$(BIN)/chainmeet demo $(if $(EXIT),--exit) $(OPTIONS)

up: .venv/run.stamp ## Start the same stack on an empty database
	@$(BIN)/chainmeet up $(OPTIONS)

plan-example: .venv/run.stamp ## Plan the example workbook without a server: see build/plan-example
	@$(BIN)/chainmeet plan --template build/plan-example/event.xlsx
	@$(BIN)/chainmeet plan build/plan-example/event.xlsx -o build/plan-example --seconds 5 $(ARGS)
	@$(BIN)/chainmeet check build/plan-example/problem.json build/plan-example/plan.json

test: lint coverage ## Lint, format, types, import contracts, the floor of coverage, and every test
	$(BIN)/python -m pytest $(TWO) --cache-clear tests --ignore=tests/unit || $(BIN)/python -m tests.support.reruns
	@$(BIN)/python tests/support/missing_programs.py

# Two processes. What a module shares is made once, as its tests stay in one of them until the other has none left.
TWO := -n 2 --dist worksteal

check: lint ## In minutes: lint, types, unit tests, and integration tests on SQLite; nothing slow, no browser
	$(BIN)/python -m pytest $(TWO) -m "not postgres and not browser and not slow" tests/unit tests/integration

# Packages of npm that some tests want, where npm is: without them those tests are skipped.
$(NPM): tests/interop/npm/package.json tests/interop/npm/package-lock.json
	@command -v npm >/dev/null || exit 0; rm -rf build/npm && mkdir -p build/npm && cp $^ build/npm/ && \
	  npm ci --prefix build/npm --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
	  echo "npm did not fetch its packages: what wants them is skipped."

faults: .venv/dev.stamp ## Inject every fault of tests/faults/table.py, and compare promises with facts
	$(BIN)/python -m pytest $(TWO) tests/faults $$($(BIN)/python -m tests.faults.table)

test-dates: .venv/dev.stamp ## The tests that time can break, with the machine's clock at three other dates (needs faketime)
	$(BIN)/python -m tests.support.dates

coverage: .venv/dev.stamp ## The unit tests, and which lines and branches they run: build/coverage/html
	$(BIN)/python -m pytest $(TWO) tests/unit --cov --cov-report=html --cov-report=term

test-last-release: .venv/dev.stamp ## The last release's tests on this schema, which it works with if all new migrations are additive
	$(BIN)/python -m tests.support.last_release

fuzz: .venv/dev.stamp ## Try the properties of the unit tests on new random examples
	$(BIN)/python -m pytest $(TWO) tests/unit --hypothesis-profile=fuzz -m hypothesis

lint: .venv/dev.stamp $(NPM) ## Lint, format check, types, import contracts, style sheets, and the terms of the manual
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@[ ! -d build/npm/node_modules/stylelint ] || node build/npm/node_modules/stylelint/bin/stylelint.mjs 'api/static/*.css'
	@[ ! -d build/npm/node_modules/textlint ] || { $(BIN)/python -m tests.support.glossary --textlint >build/npm/.textlintrc.json && \
	  cd build/npm && npx --no-install textlint $(MANUAL); }

# The manual in English: not the guide for translators, whose tables have three languages.
MANUAL = $(addprefix ../../,$(filter-out docs/translators.md,README.md CONTRIBUTING.md SECURITY.md \
  $(wildcard docs/*.md docs/decisions/*.md docs/flows/*.md)))

format: .venv/dev.stamp ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/dev.stamp ## Build the documentation site into build/docs; a broken link is an error
	$(BIN)/sphinx-build -q -n -W --keep-going -b html docs build/docs

components: .venv/dev.stamp ## Write every component of the pages, as pages have it, into build/components
	$(BIN)/python -m tests.support.components build/components

where: ## Find rooms, modules, functions, tables, pages, settings, documents: make where WORD, or WORD='two words'
	@$(PYTHON) tests/support/where.py $(or $(WORD),$(filter-out where,$(MAKECMDGOALS)))

ifeq (where,$(firstword $(MAKECMDGOALS))) # the words after it are no targets, if they are none of ours
%: ; @:
endif

pictures: .venv/dev.stamp ## Draw docs/pictures anew by Chromium: pages of an invented expo
	$(BIN)/python -m tests.support.screenshots docs/pictures

page-pictures: .venv/dev.stamp ## Take pictures of every page into build/page-pictures: languages, widths, light and dark
	$(BIN)/python -m tests.support.page_pictures build/page-pictures $(ARGS)

messages: .venv/dev.stamp ## Take new texts of pages and emails into their .po files, for translators
	@mkdir -p build
	$(EXTRACT) --mapping pyproject.toml --sort-output $(foreach KEYWORD,$(KEYWORDS),-k $(KEYWORD)) \
	  --output build/pages.pot api scheduler
	$(EXTRACT) --mapping $(EMAILS)/babel.cfg -k pgettext:1c,2 --output build/emails.pot $(EMAILS)
	$(foreach PO,$(wildcard api/language/texts/*.po),$(UPDATE) $(PO) --input-file build/pages.pot &&) true
	$(foreach PO,$(wildcard $(EMAILS)/*.po),$(UPDATE) $(PO) --input-file build/emails.pot &&) true

EMAILS = scheduler/invites/catalogue
EXTRACT = $(BIN)/pybabel -q extract --no-location --no-wrap --no-default-keywords --project Chainmeet
UPDATE = $(BIN)/pybabel -q update --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
	  --locale $(basename $(notdir $(PO))) --output-file
KEYWORDS = _ gettext ngettext:1,2 pgettext:1c,2 npgettext:1c,2,3 gettext_lazy ngettext_lazy:1,2 pgettext_lazy:1c,2

lock: ## Renew the lock files (needs uv); UPGRADE=1 takes the newest versions
	uv pip compile $(COMPILE) $(EXTRAS) -o requirements.lock pyproject.toml
	uv pip compile $(COMPILE) $(EXTRAS) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml docs/requirements.in
	uv pip compile $(COMPILE) -c requirements-dev.lock -o docs/requirements.lock docs/requirements.in

EXTRAS = --extra build --extra otlp --extra s3 --extra sentry
COMPILE = --quiet --universal --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade)

dist: .venv/dev.stamp ## Build sdist and wheel into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

sbom: .venv/dev.stamp ## Write the bill of materials of requirements.lock (CycloneDX): build/sbom.json
	@mkdir -p $(dir $(SBOM))
	PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
	  --mc-type application --output-reproducible --output-format JSON --output-file $(SBOM)

SBOM = build/sbom.json

release: .venv/dev.stamp ## Check that this commit can be released, build it, and tag it; see docs/releasing.md
	$(BIN)/python -m tests.support.releasing check
	$(MAKE) dist sbom
	git tag --annotate v$(VERSION) --message "Chainmeet $(VERSION)"
	@echo "Tagged. To publish it: git push origin v$(VERSION)"

VERSION = $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)

clean: ## Remove the environment and what was built; data/ stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The environment: from a lock file with hashes, then Chainmeet itself, then the compiled search kernels.
# --no-deps, as a lock file names all that there is: else pip looks for "coverage[toml]" beside the pinned
# "coverage" and takes a release that is newer than the lock file. `pip check` finds what a lock file forgot.
# dev.stamp also makes run.stamp, as the development lock holds everything of the other one.

.venv/bin/python:
ifdef UV
	uv venv --quiet --python '$(if $(filter-out python3,$(PYTHON)),$(PYTHON),>=3.11)' .venv
else
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Chainmeet needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "This Python cannot make environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
endif

INSTALL = $(if $(UV),uv pip install --quiet --compile-bytecode --python .venv/bin/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
CHECK = $(if $(UV),uv pip check --quiet --python .venv/bin/python,$(BIN)/python -m pip check --quiet)

.venv/run.stamp: .venv/bin/python requirements.lock pyproject.toml
	$(INSTALL) --require-hashes --no-deps -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	$(CHECK)
	$(BIN)/chainmeet warm-up
	@touch $@

.venv/dev.stamp: .venv/bin/python requirements-dev.lock pyproject.toml
	$(INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	$(CHECK)
	$(BIN)/chainmeet warm-up
	@touch .venv/run.stamp $@
