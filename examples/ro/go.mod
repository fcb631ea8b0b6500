module github.com/realtimex/realtimex-go/examples/ro

go 1.26.0

require (
	github.com/samber/ro v0.3.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/samber/lo v1.52.0 // indirect
	golang.org/x/exp v0.0.0-20220303212507-bbda1eaf7a17 // indirect
	golang.org/x/text v0.22.0 // indirect
)
