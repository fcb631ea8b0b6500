module github.com/realtimex/realtimex-go/interop/browser

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	golang.org/x/sync v0.25.0 // indirect
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/realtimex/realtimex-go v0.2.0
)
