package browser

import (
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtxtest"
)

type price struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
}

// The whole way, from the service through examples/gateway to what a person sees: prices, an outage
// of the gateway's own link, and prices again.
func TestGateway(t *testing.T) {
	path := needChromium(t)
	srv := rtxtest.NewServer(t)
	line, end := launch(t, nil, build(t, "examples/gateway"), "-url", srv.URL(), "-key", srv.Key(), "-addr", "127.0.0.1:0")
	_, address, ok := strings.Cut(strings.TrimSpace(line), "Open ")
	if !ok {
		t.Fatalf("%q", line)
	}
	page := open(t, path, address)
	page.await(`document.body.className === 'live'`)
	srv.WaitSubscribed("prices")

	srv.Publish("prices", "price", price{"ACME", 10})
	srv.Publish("prices", "price", price{"ACME", 12.5})
	row := `document.querySelector('[data-symbol=ACME]')?.innerText.split(/\s+/).join(' ')`
	page.await(row + ` === 'ACME 12.50 +25.00 % 2'`)
	page.await(`document.querySelectorAll('#gaps li').length === 0`)

	srv.DropConnections()
	page.await(`document.querySelector('#gaps li')?.innerText.includes('The gateway lost its connection')`)
	srv.Publish("prices", "price", price{"ACME", 9})
	page.await(row + ` === 'ACME 9.00 -10.00 % 3'`)
	if rest := end(); !strings.Contains(rest, "Passed on 3 events") {
		t.Error(rest)
	}
}
