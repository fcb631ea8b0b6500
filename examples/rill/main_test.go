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
	// orders 0 to 9
	// orders 10 to 20
	// orders 21 to 24
	// missed: 1 on shop
}
