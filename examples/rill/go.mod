module github.com/realtimex/realtimex-go/examples/rill

go 1.26.0

require (
	github.com/destel/rill v0.7.0
	github.com/realtimex/realtimex-go v0.2.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/sync v0.25.0 // indirect
)
