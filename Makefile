# Huawu. `make help` lists what can be made.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
GO ?= go
DATA ?= data
TAGS := -tags lambda.norpc

.PHONY: help run test check test-race test-e2e bench fuzz prompts deps fmt clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

run: ## the whole centre on this machine, with a demo tenant (DATA=folder)
	@$(GO) run ./cmd/huawu up --data $(DATA) --demo

deps: ## install the peers that tests call with (Debian packages; as root, else says how)
	@./tests/deps.sh

test: deps check ## all that must pass: checks, unit, race, stories with real SIP peers
	$(GO) test -race -timeout 15m ./...

check: ## format, vet, modules, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt: run make fmt" >&2; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

prompts: ## speak the texts of flows/prompts again (needs espeak-ng)
	$(GO) run ./cmd/huawu prompts make flows/prompts

bench: ## benchmarks, printed as ratios and counts
	$(GO) test -run '^$$' -bench . -benchtime 1s ./... | grep -vE '^(ok|PASS|\?|goos|goarch|cpu)' || true

clean: ## remove what was built
	rm -rf build

include localstack/localstack.mk infra/infra.mk
