package advice

import (
	"net/http"
	"testing"
)

// A plain connection to a TLS port is answered with HTTP 400; over TLS that status says something
// else.
func TestTLSIsAdvisedToWhoDoesNotUseIt(t *testing.T) {
	const refused = "wss://h is no RealtimeX server (HTTP 400): check URL"
	n := names
	n.Service = "wss://h"
	if got := n.Connection(Fault{Status: http.StatusBadRequest}); got != refused {
		t.Errorf("got  %s\nwant %s", got, refused)
	}
}
