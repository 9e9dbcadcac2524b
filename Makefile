# Huawu. `make help` lists what can be made.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
GO ?= go
DATA ?= data

.PHONY: help run test check bench simulate day fuzz prompts deps fmt clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

run: web ## the whole centre on this machine, with a demo tenant (DATA=folder)
	@$(GO) build -o build/huawu ./cmd/huawu
	@exec build/huawu up --data $(DATA) --demo

deps: ## install the peers that tests call with (Debian packages; as root, else says how)
	@./tests/deps.sh

# Browsers come last and alone: they need a processor each to be heard in time.
test: deps check web-test ## all that must pass: checks, unit, race, the pages, stories with real SIP peers and browsers
	$(GO) test -race -timeout 15m $$($(GO) list ./... | grep -v /tests/browser$$)
	$(GO) test -count=1 -run '^(TestManyCalls|TestClientsRace)$$' ./tests/sim -seeds 51 -ops 10000
	$(GO) test -count=1 -timeout 15m ./tests/browser

check: ## format, vet, modules, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt: run make fmt" >&2; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

prompts: ## speak the texts of flows/prompts again (needs espeak-ng)
	$(GO) run ./cmd/huawu prompts make flows/prompts

bench: ## sizes, start, the bill of a call, and hot paths beside their goals; fails where a count is above its limit
	@$(MAKE) --no-print-directory size ARCHES=arm64:arm64
	@$(GO) run ./tests/bench

# Each target alone, as go test wants it. What is found lies in the room's
# testdata/fuzz and fails go test from then on: commit it with the fix.
FUZZTIME ?= 10s
FUZZ ?= .
fuzz: ## every fuzz target for FUZZTIME (10s) each; FUZZ=room or name for some
	@git grep -lE '^func Fuzz' -- '*_test.go' | sort | while read -r file; do \
	  for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' $$file); do \
	    [[ "$$file $$name" =~ $(FUZZ) ]] || continue; \
	    out=$$($(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file) 2>&1) || { echo "$$out" >&2; exit 1; }; \
	    printf '%-44s %-24s %s\n' $$(dirname $$file) $$name "$$(grep -oE 'execs: [0-9]+' <<<"$$out" | tail -n 1)"; \
	  done; \
	done

# Virtual hours over all weathers; OFFERS ends it sooner.
SEEDS ?= 20000
OFFERS ?= 0
simulate: ## the simulation for long (SEEDS=20000 virtual hours) into docs/simulation.md, and every known bug against it
	@nice $(GO) run ./tests/sim/simulate -seeds $(SEEDS) -offers $(OFFERS) -page docs/simulation.md
	@nice $(GO) test -count=1 -timeout 60m ./tests/sim/bugs -all
	@nice $(GO) test -count=1 -timeout 120m ./tests/sim/model -large -v
	@$(MAKE) --no-print-directory day

day: ## a virtual day of 10,000 agents and 100,000 calls an hour into docs/day.md (DAY="-hours 1" for a part)
	@nice $(GO) run ./tests/sim/day $(DAY) -page docs/day.md

clean: ## remove what was built
	rm -rf build

include localstack/localstack.mk infra/infra.mk web/web.mk
