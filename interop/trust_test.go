package interop_test

import (
	"io"
	"log"
	"net/http"
	"sync"
)

// trust is a transport that begins to trust a certificate once it is healed.
type trust struct {
	strict   *http.Transport
	trusting http.RoundTripper

	mu    sync.Mutex
	fixed bool
}

func (t *trust) heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fixed = true
}

func (t *trust) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	fixed := t.fixed
	t.mu.Unlock()
	if fixed {
		return t.trusting.RoundTrip(r)
	}
	return t.strict.RoundTrip(r)
}

// silent is the log of a server whose clients go away on purpose.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }
