# Two commands do all the set-up: `make run` runs a city on this machine,
# `make test` proves it. Both install what is missing (Debian packages need
# root or sudo; Go and Node are expected to be there).

GO        ?= go
BIN       := bin
LINT      := $(BIN)/golangci-lint
LINT_VER  := v2.15.0
UI_SRC    := $(shell find agent-ui -path agent-ui/node_modules -prune -o -path agent-ui/dist -prune -o -type f -print 2>/dev/null)
TRIALS    := $(CURDIR)/$(BIN)/trials.jsonl
GO_SRC    := $(shell find . -name node_modules -prune -o -name '*.go' -print -o -name '*.sql' -print -o -name '*.lua' -print -o -name '*.csv' -print 2>/dev/null)

.PHONY: run demo test check bench prove build ui lint docs conformance clean packages-run packages-test packages-bench

run: packages-run $(BIN)/hotline ## one node with a demo city; Ctrl-C stops all of it
	$(BIN)/hotline serve

demo: $(BIN)/hotline ## sends citizens to the running node and shows what became of each
	$(BIN)/hotline demo

test: packages-test lint ui-check ## everything that CI runs
	$(GO) vet ./...
	mkdir -p $(BIN) && rm -f $(TRIALS)
	CONFORMANCE_TRIALS=$(TRIALS) $(GO) test -race -shuffle=on -count=1 $$($(GO) list ./... | grep -v '/e2e$$')
	CONFORMANCE_TRIALS=$(TRIALS) $(GO) test -race -count=1 -timeout 40m ./e2e
	$(GO) run ./e2e/conformance -trials $(TRIALS) -check
	cd agent-ui && npm run --silent test:browser

check: lint ## the quick part: format, lint and the tests that need no peers
	$(GO) vet ./...
	$(GO) test -short ./contact/... ./config/... ./media/... ./routing/... ./session/... ./tickets/... ./desk/... ./node/...
	cd agent-ui && npm run --silent check

bench: packages-bench $(BIN)/hotline ## side by side with peers: make bench BENCH="-page docs/performance.md forward-rtp-rtp"
	$(GO) build -o $(BIN)/bench ./e2e/bench
	$(BIN)/bench $(BENCH)

prove: packages-test ## the long forms: the model for a million steps, seeded bugs, chaos; writes docs/proof.md
	$(GO) run ./e2e/prove -page docs/proof.md

build: $(BIN)/hotline

$(BIN)/hotline: agent-ui/dist/.built $(GO_SRC) go.mod
	$(GO) build -o $@ ./cmd/hotline

ui: agent-ui/dist/.built

agent-ui/node_modules/.installed: agent-ui/package-lock.json
	cd agent-ui && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

agent-ui/dist/.built: agent-ui/node_modules/.installed $(UI_SRC)
	cd agent-ui && npm run --silent build
	touch $@

.PHONY: ui-check
ui-check: agent-ui/dist/.built
	cd agent-ui && npm run --silent check

lint: $(LINT)
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VER)

docs: ## writes the generated pages: docs/config.md and docs/states.md
	$(GO) run ./cmd/hotline config reference > docs/config.md
	$(GO) test ./node -run TestStatesPage -update

conformance: packages-test ## writes docs/conformance.md: what was tried with which peer
	mkdir -p $(BIN) && rm -f $(TRIALS)
	CONFORMANCE_TRIALS=$(TRIALS) $(GO) test -count=1 -timeout 20m ./media/... ./gateway/... ./desk/... ./session/... ./e2e
	$(GO) run ./e2e/conformance -trials $(TRIALS)

packages-run:
	@deploy/packages.sh run

packages-test:
	@deploy/packages.sh run test

packages-bench:
	@deploy/packages.sh run bench

clean:
	rm -rf $(BIN) agent-ui/node_modules agent-ui/dist/assets agent-ui/dist/.built
