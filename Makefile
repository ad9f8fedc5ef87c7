# The two commands of the README are `make demo` and `make test`.

GO ?= go
BIN := bin/vedette

.PHONY: build demo test race lint fuzz bench browser generate clean

build: $(BIN)

# Go knows best what has to be built again.
.PHONY: $(BIN)
$(BIN):
	$(GO) build -o $(BIN) ./cmd/vedette

demo: $(BIN)
	$(BIN) analyze --constituency examples/strait/constituency.yaml \
		--geoip examples/strait/geo/simulated-city.mmdb --geoip examples/strait/geo/simulated-asn.mmdb \
		--html bin/assessment.html examples/strait/logs

test: lint
	$(GO) test ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'error: not formatted: run gofmt -w'; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Where goroutines share memory. The detector makes pools forget, so counts of
# allocations are not for it.
race:
	$(GO) test -race -short -skip 'AllocatesNothing|SigmaHQ|Regression' ./internal/pipeline/... ./internal/ingest/... ./internal/enrich/... ./internal/detect/sigma/... ./internal/store/...

# FUZZTIME counts inputs (5000x) or time (60s) for each target. A count ends when
# it is reached; a time can end a healthy run with an error of its own.
FUZZTIME ?= 5000x
fuzz:
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -rh --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' $$dir | sed 's/func //' | sort -u); do \
			echo "fuzz $$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) ./$$dir || exit 1; \
		done; \
	done

bench: $(BIN)
	$(GO) test -run '^$$' -bench . -benchtime 1s ./internal/decode/... ./internal/detect/sigma/... ./internal/enrich/... ./internal/pipeline/...
	./bench.sh

browser: $(BIN)
	$(GO) test -count=1 ./internal/report/html/...

generate:
	$(GO) generate ./internal/app

clean:
	rm -rf bin
