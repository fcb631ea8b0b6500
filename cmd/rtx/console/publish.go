package console

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// maxName bounds the name of a channel, an event or a user, in bytes.
const maxName = 200

type eventRequest struct {
	Channel string          `json:"channel"`
	Event   string          `json:"event"`
	Data    json.RawMessage `json:"data"`
}

// check reports false when it has answered.
func (e *eventRequest) check(w http.ResponseWriter) bool {
	switch {
	case e.Channel == "" || e.Event == "":
		bad(w, "channel and event are required")
	case len(e.Channel) > maxName || len(e.Event) > maxName:
		bad(w, "channel or event: longer than 200 bytes")
	default:
		if e.Data == nil {
			e.Data = json.RawMessage("null")
		}
		return true
	}
	return false
}

// publish sends an event as the service does.
func (c *Console) publish(w http.ResponseWriter, r *http.Request) {
	var asked eventRequest
	if !readJSON(w, r, &asked) || !asked.check(w) {
		return
	}
	id, recipients, err := c.server.PublishCounted(asked.Channel, asked.Event, asked.Data)
	if errors.Is(err, testserver.ErrReservedName) {
		bad(w, "event: the name is the service's own")
		return
	}
	if err != nil {
		bad(w, "data: it can't be encoded")
		return
	}
	answer(w, http.StatusOK, struct {
		ID         string `json:"id"`
		Recipients int    `json:"recipients"`
	}{id, recipients})
}

// trigger sends a client event as a member does.
func (c *Console) trigger(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		eventRequest
		SocketID string `json:"socket_id"`
	}
	if !readJSON(w, r, &asked) || !asked.check(w) {
		return
	}
	n, err := c.server.TriggerAs(asked.SocketID, asked.Channel, asked.Event, asked.Data)
	if errors.Is(err, testserver.ErrNotSubscribed) {
		fail(w, http.StatusConflict, "not_subscribed", "socket_id: "+err.Error())
		return
	}
	if err != nil {
		bad(w, err.Error())
		return
	}
	answer(w, http.StatusOK, struct {
		Recipients int `json:"recipients"`
	}{n})
}
