package console

import (
	"net/http"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// reset makes the server as good as new for the next test: no fault, no member added by hand, nothing
// received or remembered; and, if that is asked for, no connection.
func (c *Console) reset(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Connections bool `json:"connections"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	ended := 0
	if asked.Connections {
		ended = c.server.DropAll(testserver.Disconnect)
	}
	c.server.ClearFaults()
	c.server.RemoveJoined()
	c.server.ForgetReceived()
	c.feed.forget()
	answer(w, http.StatusOK, struct {
		Disconnected int `json:"disconnected"`
	}{ended})
}
