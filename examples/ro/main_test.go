package main

import (
	"context"
	"log"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// order 2, 100 cents
	// order 3, 150 cents
	// order 4, 200 cents
	// load again: shop
	// order 5, 250 cents
}
