# twinhop. "make" or "make help" lists what can be made.
SHELL       := /bin/sh
.DEFAULT_GOAL := help
GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
BENCHTIME   ?= 1s
# A program with the race detector sleeps for a second before it exits, and there is one for each package.
RACE        := GORACE="atexit_sleep_ms=10 $$GORACE" $(GO) test -race -short -timeout 20m
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the test peers (Tomcat, httpd with mod_jk, a JDK, sipp, baresip, linphone, Chromium) from Debian packages, if missing
	@.ci/setup

build: ## build bin/twinhop
	$(GO) build -trimpath -ldflags "-s -w -X main.release=$(VERSION)" -o bin/twinhop ./cmd/twinhop

web: ## rebuild the admin pages (web/dist) from web/src, and the bundle of JsSIP
	$(GO) generate ./web/...

test: setup ## everything: units, race detector, short fuzzing, the built binary in front of real Tomcats and sipp
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v '/e2e$$')
	$(RACE) $$($(GO) list ./... | grep -v '/e2e$$')
	@$(MAKE) --no-print-directory fuzz FUZZTIME=2000x
	$(GO) test -timeout 20m ./e2e

test-short: ## unit tests only, no peers needed
	$(GO) test -short ./...

race: ## unit tests under the race detector
	$(RACE) ./...

e2e: setup ## the black-box scenarios alone, with their output
	$(GO) test -count=1 -v -timeout 20m ./e2e

soak: setup ## the black-box scenarios at full length (500 calls/s for 60 s and more)
	TWINHOP_SOAK=1 $(GO) test -count=1 -v -timeout 60m ./e2e

fuzz: ## every fuzz target for FUZZTIME (10s, or 2000x inputs) each
	@grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
		done; \
	done

bench: ## all benchmarks
	$(GO) test -short -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

bench-sip: ## the gateway and Debian's Kamailio in turns under SIPp's load, as ratios (30 min; BENCH_SHORT=1: one)
	@.ci/setup --bench
	$(GO) test -run '^$$' -bench '^BenchmarkSIP$$' -benchtime 1x -timeout 120m ./e2e

bench-http: ## the gateway and Debian's httpd + mod_jk, haproxy and nginx in turns before Tomcats, as ratios (10 min; BENCH_SHORT=1: one)
	@.ci/setup --bench
	$(GO) test -run '^$$' -bench '^BenchmarkHTTP$$' -benchtime 1x -timeout 60m ./e2e

bench-table: ## the affinity table at a million entries, against a bare sharded map
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./appsession/...

lint: ## gofmt, go vet, staticcheck
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

clean: ## remove what was built
	rm -rf bin e2e/logs

.PHONY: help setup build web test test-short race e2e soak fuzz bench bench-sip bench-http bench-table lint clean
