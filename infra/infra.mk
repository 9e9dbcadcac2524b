.PHONY: build size sam-check

FUNCTIONS := $(patsubst functions/%/main.go,%,$(wildcard functions/*/main.go))
LAMBDA_ARCH ?= arm64
ARCHES ?= arm64:arm64 x86_64:amd64
LAMBDA_FLAGS := -tags lambda.norpc -trimpath -ldflags "-s -w"
SAM_PIN := 1.164.0
SAM := .venv-sam/bin
REGIONS := us-east-1 ap-southeast-1 cn-north-1 cn-northwest-1

# build/<function>/ is what template.yaml deploys: LAMBDA_ARCH=x86_64 for China.
build: ## every function as a static binary for arm64 and x86_64
	@for pair in $(ARCHES); do \
	  arch=$${pair%%:*}; \
	  for f in $(FUNCTIONS); do \
	    CGO_ENABLED=0 GOOS=linux GOARCH=$${pair##*:} $(GO) build $(LAMBDA_FLAGS) -o build/$$arch/$$f/bootstrap ./functions/$$f; \
	  done; \
	done; \
	for f in $(FUNCTIONS); do mkdir -p build/$$f; cp build/$(LAMBDA_ARCH)/$$f/bootstrap build/$$f/bootstrap; done; \
	echo "built: $(FUNCTIONS)"

# Bytes of a stripped arm64 binary: what a cold start loads. The call path has
# the tightest bound. The desk has 2 MiB more than others: each of its some sixty
# operations is an instance of huma's generic registration, about 30 KiB with its
# tables. An administrator's operations are to be a function of their own.
size: build ## sizes of the functions; fails above ivr, acd 10 MiB, desk 15, others 13 MiB
	@bad=0; \
	printf '%-12s %9s %9s\n' function MiB limit; \
	for f in $(FUNCTIONS); do \
	  case $$f in ivr|acd) limit=10 ;; desk) limit=15 ;; *) limit=13 ;; esac; \
	  bytes=$$(stat -c %s build/arm64/$$f/bootstrap); \
	  over=; [ $$bytes -le $$((limit * 1048576)) ] || { over='  TOO LARGE'; bad=1; }; \
	  printf '%-12s %9s %9s%s\n' $$f $$(awk "BEGIN { printf \"%.2f\", $$bytes / 1048576 }") $$limit "$$over"; \
	done; \
	exit $$bad

$(SAM)/.sam-$(SAM_PIN):
	@python3 -m venv .venv-sam
	@$(SAM)/pip install -q --disable-pip-version-check aws-sam-cli==$(SAM_PIN)
	@touch $@

# No account and no Docker: the region only picks a schema.
sam-check: $(SAM)/.sam-$(SAM_PIN) ## validate and lint the template for four regions (Python, pip)
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam validate --lint --template template.yaml
	@$(SAM)/cfn-lint --regions $(REGIONS) -- template.yaml infra/*.yaml
	@echo "cfn-lint: template.yaml and infra/ are right for $(REGIONS)"
