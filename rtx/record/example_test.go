package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/record"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A program records what its client sees.
func Example() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	var file bytes.Buffer // a file, in a program
	recorder, err := record.New(&file, record.WithMaxSize(16<<20), record.WithMaxEntries(100_000), record.WithSecrets("a token of ours"))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()), rtx.WithDialerWrapper(recorder.Dialer))
	if err != nil {
		log.Fatal(err)
	}
	orders := rtx.On[string](ctx, client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", "tea")
	fmt.Println(<-orders.C)
	client.Close()
	if err := recorder.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("there is more than the header:", recorder.Stats().Entries > 0)
	fmt.Println("the key is in it:", strings.Contains(file.String(), server.Key()))
	// Output:
	// tea
	// there is more than the header: true
	// the key is in it: false
}

// What is in a recording.
func ExampleReader() {
	const file = `{"format":"realtimex-recording","version":1,"started":"2026-01-02T03:04:05Z"}
{"at":0,"kind":"dial","conn":1}
{"at":1500000000,"kind":"failed","conn":1,"step":"upgrade","status":503,"code":-1}
`
	r, err := record.NewReader(strings.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("version", r.Header().Version)
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.At, e.Kind, e.Status)
	}
	// Output:
	// version 1
	// 0s dial 0
	// 1.5s failed 503
}

// A file of a later version of the format.
func ExampleVersionError() {
	_, err := record.NewReader(strings.NewReader(`{"format":"realtimex-recording","version":9}` + "\n"))
	if version, ok := errors.AsType[*record.VersionError](err); ok {
		fmt.Println("version", version.Version)
	}
	// Output: version 9
}

// A recording that stopped at its limit.
func ExampleLimitError() {
	_, err := record.New(io.Discard, record.WithMaxSize(1))
	if bad, ok := errors.AsType[*record.OptionError](err); ok {
		fmt.Println(bad.Option)
	}
	fmt.Println(&record.LimitError{Limit: "size", Max: 4096})
	// Output:
	// WithMaxSize
	// record: stopped at the limit of 4096 bytes
}
