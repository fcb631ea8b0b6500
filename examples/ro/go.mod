module github.com/realtimex/realtimex-go/examples/ro

go 1.26.0

require (
	github.com/samber/ro v0.3.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/sync v0.25.0 // indirect
)

require (
	github.com/realtimex/realtimex-go v0.2.0
	github.com/samber/lo v1.52.0 // indirect
	golang.org/x/exp v0.0.0-20220303212507-bbda1eaf7a17 // indirect
	golang.org/x/text v0.43.0 // indirect
)
