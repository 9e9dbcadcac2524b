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
