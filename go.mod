module github.com/realtimex/realtimex-go

go 1.26.0

require (
	github.com/cenkalti/backoff/v4 v4.3.0
	github.com/coder/websocket v1.8.15
	github.com/go-json-experiment/json v1.27.2
	go.uber.org/goleak v1.3.0
	golang.org/x/sync v0.25.0
)

// What npm has installed is no part of the module, also where it has Go code.
ignore node_modules
