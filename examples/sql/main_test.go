package main

import (
	"context"
	"log"
	"os"
)

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// row 19: {"id":19}
	// row 20: {"id":20}
	// row 21: events may be missing here
	// row 22: {"id":21}
}
