package transport_test

import (
	"context"
	"fmt"
	"log"
	"net/url"

	"github.com/realtimex/realtimex-go/rtx/transport"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A session by itself, without a supervisor: what package rtx is built on.
func ExampleNewDialer() {
	srv, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	u, err := url.Parse(srv.URL())
	if err != nil {
		log.Fatal(err)
	}
	dialer, err := transport.NewDialer(transport.Config{URL: u, APIKey: srv.Key()})
	if err != nil {
		log.Fatal(err)
	}
	session, err := dialer.Dial(context.Background(), transport.Resume{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close(nil)
	packet, err := session.Recv() // the service says which socket this is
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(packet.Type, string(packet.Data[:len(`["realtimex:connection_established"`)]))
	// Output: EVENT ["realtimex:connection_established"
}
