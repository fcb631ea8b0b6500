package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/chromium"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The whole way, from the service to what a person sees: prices, an outage of the gateway's own
// link, and prices again.
func TestThePageInChromium(t *testing.T) {
	path := chromium.Find(t)
	srv := rtxtest.NewServer(t)
	client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out strings.Builder
	served := make(chan error, 1)
	go func() { served <- serve(ctx, client.Channel("prices"), listener, nil, &out) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "Passed on 3 events") {
			t.Error(out.String())
		}
	}()
	page := chromium.Open(t, path, "http://"+listener.Addr().String()+"/")
	page.Await(t, `document.body.className === 'live'`)
	srv.WaitSubscribed("prices")

	srv.Publish("prices", "price", Price{"ACME", 10})
	srv.Publish("prices", "price", Price{"ACME", 12.5})
	row := `document.querySelector('[data-symbol=ACME]')?.innerText.split(/\s+/).join(' ')`
	page.Await(t, row+` === 'ACME 12.50 +25.00 % 2'`)
	page.Await(t, `document.querySelectorAll('#gaps li').length === 0`)

	srv.DropConnections()
	page.Await(t, `document.querySelector('#gaps li')?.innerText.includes('The gateway lost its connection')`)
	srv.Publish("prices", "price", Price{"ACME", 9})
	page.Await(t, row+` === 'ACME 9.00 -10.00 % 3'`)
}
