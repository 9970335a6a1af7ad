# Softphone. `make demo` and `make test` set up all they need on a fresh Debian
# machine with Go, Node (any), npm and make.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

GOLANGCI_VERSION := v2.13.1
GOLANGCI := .tools/golangci-lint-$(GOLANGCI_VERSION)
WEB_SOURCES := $(shell git ls-files web/app web/layers web/i18n web/public 'web/*.json' 'web/*.yaml' 'web/*.ts' web/build web/tools 2>/dev/null)
RACE_FLAGS := -race -shuffle=on

.PHONY: help build pictures demo test lint bench soak dev web tools generate check-generated clean

help: ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

web: web/dist/index.html ## the pages, as static files in web/dist

web/dist/index.html: $(WEB_SOURCES)
	@echo "== web: tools and packages from npm, then the pages"
	web/build

build: web/dist/index.html ## bin/softphone, pages included
	@echo "== go: bin/softphone"
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/softphone ./cmd/softphone

demo: build ## the whole product with simulated Twilio and OpenAI on one port
	@echo "== demo: server, databases and simulators"
	bin/softphone demo

test: ## every test; installs what the tests need
	@scripts/need
	@$(MAKE) --no-print-directory build
	@echo "== web: style, types and unit tests"
	web/check
	@echo "== web: the pages in Chromium, over bin/softphone"
	web/check --browser
	@echo "== socket.io: the real client against our server"
	internal/protocol/socketio/conformance/run
	@echo "== twilio: the vendor's own clients against the simulator"
	internal/sim/twilio/oracle/run
	@echo "== go: vet and tests"
	go vet ./...
	go test $(RACE_FLAGS) ./...

lint: $(GOLANGCI) ## format, vet, arrows between packages
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt these files:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@echo "== golangci-lint $(GOLANGCI_VERSION), built from source (minutes, once)"
	mkdir -p .tools
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .tools/golangci-lint $@

bench: ## figures: cost of a frame, of an event, of a statement, of a call
	go test -run '^$$' -bench . -benchmem -benchtime 0.3s ./internal/protocol/... ./internal/phone/... ./internal/adapter/...
	@echo "== calls: the server on one core, the load on the other"
	go build -o bin/load ./internal/e2e/load && bin/load

soak: ## every fuzz target for a million inputs
	scripts/soak

generate: ## API description and configuration page from the Go types
	go run ./cmd/softphone docs --dir docs

check-generated: generate ## fails when something generated is not committed
	git diff --exit-code -- docs web/layers/softphone/phone/wire.gen.ts

pictures: build ## the pictures of the documents, taken anew
	cd web && . ./tools && pnpm --silent test:e2e --project pictures --update-snapshots

dev: ## Go on :3000, nuxt dev on :3001
	scripts/dev

clean: ## forget what was built
	rm -rf bin web/.nuxt web/.output
	find web/dist -mindepth 1 ! -name .gitkeep -delete
