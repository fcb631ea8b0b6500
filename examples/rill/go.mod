module github.com/realtimex/realtimex-go/examples/rill

go 1.26.0

require (
	github.com/destel/rill v0.7.0
	go.uber.org/goleak v1.3.0
)
