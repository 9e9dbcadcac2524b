# The web pages: built into web/dist, which the Go binary embeds.
.PHONY: web web-test

WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f ! -name '*.go' ! -name schema.d.ts -print)

web: build/.web ## build the web pages into web/dist (needs Node 20.19 or newer)

build/.npm: web/package.json web/package-lock.json
	@mkdir -p build
	@command -v npm >/dev/null || { echo 'The web pages are built with Node.js 20.19 or newer and npm: https://nodejs.org, or your system’s package.' >&2; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build/.web: build/.npm $(WEB_SOURCES)
	cd web && npm run --silent api && npm run --silent types && npm run --silent build
	@touch $@

web-test: build/.web ## the pages' own tests, and the size budgets of what a browser loads
	cd web && npm run --silent test && npm run --silent sizes

.PHONY: bench-web screenshots
bench-web: build/.web deps ## how long an agent waits for the browser: offer to card, answer and reload to sound (ROUNDS=5)
	@BROWSER_BENCH=1 BROWSER_ROUNDS=$${ROUNDS:-5} $(GO) test -count=1 -run '^TestBench$$' -v -timeout 20m ./tests/browser | sed -n 's/^.*BENCH //p;/^--- FAIL/,$$p'

# The pictures of README and docs are what the stories saw.
screenshots: build/.web deps ## take the pictures under docs/screens again
	@rm -rf build/screens && mkdir -p build/screens docs/screens
	@BROWSER_ARTIFACTS=$(CURDIR)/build/screens $(GO) test -count=1 -run '^TestStories$$/^(first-call|first-call-en|caller|entry|floor|consult)$$' -timeout 20m ./tests/browser
	@./tests/browser/pick.sh build/screens docs/screens
