# Commands of the house. `make run` and `make test` do all the set-up.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATABASE ?= var/homeward.db

.PHONY: run test check fmt lint types contracts cov bench test-sctp interop clean

run: $(VENV)/.done
	@mkdir -p $(dir $(DATABASE))
	@$(BIN)/hss init --sample --quiet --database $(DATABASE)
	@exec $(BIN)/hss serve --database $(DATABASE)

test: $(VENV)/.done
	@$(BIN)/python -m pytest -q

check: lint types contracts cov

fmt: $(VENV)/.done
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.done
	$(BIN)/mypy hss routing schemas

contracts: $(VENV)/.done
	$(BIN)/lint-imports

cov: $(VENV)/.done
	$(BIN)/python -m pytest -q --cov --cov-report=term-missing:skip-covered

bench: $(VENV)/.done
	@$(BIN)/python -m benchmarks.run $(BENCH)

test-sctp: $(VENV)/.done
	@tools/uml/run $(BIN)/python -m pytest -q tests/sctp

interop: $(VENV)/.done
	@echo "Kamailio asks for S-CSCFs over Diameter, and follows the SIP redirect server:"
	@$(BIN)/python -m pytest -q -s tests/interop/test_kamailio.py tests/interop/test_redirect.py
	@echo "Kamailio asks ENUM, by the system resolver of a network of its own:"
	@tools/resolver/run $(BIN)/python -m pytest -q -s tests/interop/test_enum.py tests/interop/test_enum_porting.py

clean:
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.done: pyproject.toml constraints.txt
	@tools/venv "$(PYTHON)" $(VENV)
	@touch $@
