# A machine needs Go, git and make. What the targets need beyond that,
# internal/testservers finds or installs: see docs/development.md.

GO        ?= go
PKG       ?= ./...   # packages to test or lint
RUN       ?= .       # tests to run
TESTFLAGS ?=         # more flags for go test
BENCH     ?= .       # benchmarks to run
BENCHTIME ?= 1x
COUNT     ?= 1       # how often to run each benchmark
FUZZTIME  ?= 30s     # how long to fuzz each target
ARGS      ?=         # arguments of the console

SERVERS    := $(GO) run ./internal/testservers
TOOL       := $(GO) tool -modfile=tools/go.mod
GO_FILES   := find . \( -name node_modules -o -name testdata -o -name '.?*' \) -prune -o -name '*.go' -print

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# -vet=all is go vet without compiling everything a second time for it.
.PHONY: test
test: fmt-check test-plain ## Everything CI runs: formatting, vet, all tests with the race detector
	$(SERVERS) -cc -- $(GO) test -race -vet=all -timeout 20m -run '$(strip $(RUN))' $(TESTFLAGS) $(PKG)

.PHONY: test-plain
test-plain: ## What takes minutes with the race detector: SQLite's indexes, its store in memory, two agents who meet 200 times
	$(GO) test -run 'Indexes|TestMemoryStore|TestFileStoreKeepsTheContract/DispositionConcurrency' -timeout 10m ./store/sqlite

.PHONY: test-short
test-short: ## The quick tests, without the race detector
	$(SERVERS) -- $(GO) test -short -timeout 10m -run '$(strip $(RUN))' $(TESTFLAGS) $(PKG)

.PHONY: test-express
test-express: ## The first Express routes, unchanged, on a migrated database (needs node and npm)
	$(SERVERS) -- $(GO) test -tags express -count 1 -timeout 10m $(TESTFLAGS) ./internal/expresscompat/...

.PHONY: soak
soak: ## The long versions of the tests, with the race detector where it is not too slow
	OUTDIAL_SOAK=1 $(GO) test -count 1 -run TestMemoryStore -timeout 2h ./store/sqlite
	OUTDIAL_SOAK=1 $(SERVERS) -cc -- $(GO) test -race -count 1 -timeout 6h -run '$(strip $(RUN))' $(TESTFLAGS) $(PKG)

.PHONY: bench
bench: ## Benchmarks beside their floors, on durable servers (BENCH=Pull COUNT=5)
	$(SERVERS) -durable -- $(GO) test -run '^$$' -bench '$(strip $(BENCH))' -benchtime $(strip $(BENCHTIME)) \
		-count $(strip $(COUNT)) -timeout 2h $(TESTFLAGS) ./bench/... ./store/...

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME each
	$(SERVERS) -- $(MAKE) --no-print-directory fuzz-targets

.PHONY: fuzz-targets
fuzz-targets:
	@$(GO_FILES) | xargs grep -l '^func Fuzz[A-Z]' | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$target in $$file"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(strip $(FUZZTIME)) -fuzzminimizetime 1s "$$(dirname "$$file")" </dev/null || exit 1; \
		done; \
	done

.PHONY: lint
lint: ## golangci-lint, built from source the first time (minutes)
	$(TOOL) golangci-lint run $(PKG)

.PHONY: vuln
vuln: ## Known vulnerabilities in what the code calls (asks the Go vulnerability database)
	$(TOOL) govulncheck $(PKG)

.PHONY: fmt
fmt: ## Format every Go file
	@$(GO_FILES) | xargs gofmt -w

.PHONY: fmt-check
fmt-check:
	@unformatted="$$($(GO_FILES) | xargs gofmt -l)"; \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi >&2

.PHONY: console
console: ## Run the standalone server (ARGS="-addr 127.0.0.1:9000")
	$(GO) run ./examples/console $(ARGS)
