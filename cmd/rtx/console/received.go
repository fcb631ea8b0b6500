package console

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// kinds are what clients send, by the names that the API has for them.
var kinds = map[string]testserver.Kind{
	"subscribe":    testserver.KindSubscribe,
	"unsubscribe":  testserver.KindUnsubscribe,
	"client_event": testserver.KindClientEvent,
	"ping":         testserver.KindPing,
	"other":        testserver.KindOther,
}

type receivedEvent struct {
	Kind        string          `json:"kind"`
	SocketID    string          `json:"socket_id"`
	Channel     string          `json:"channel"`
	Event       string          `json:"event"`
	Data        json.RawMessage `json:"data"`
	ChannelData string          `json:"channel_data,omitempty"`
	Refused     string          `json:"refused,omitempty"`
	Relayed     bool            `json:"relayed"`
	Time        time.Time       `json:"time"`
}

// maxReceivedBytes bounds the data of one answer, in bytes.
const maxReceivedBytes = 8 << 20

// received answers with what clients sent, newest last; of too many the newest.
func (c *Console) received(w http.ResponseWriter, r *http.Request) {
	limit, ok := number(w, r, "limit", 100, 1, 1000)
	if !ok {
		return
	}
	q := r.URL.Query()
	kind, known := kinds[q.Get("kind")]
	if !known && q.Get("kind") != "" {
		bad(w, "kind: want subscribe, unsubscribe, client_event, ping or other")
		return
	}
	all := c.server.Received()
	found, size, total := []receivedEvent{}, 0, 0
	for i := len(all) - 1; i >= 0; i-- {
		e := &all[i]
		if (known && e.Kind != kind) || (q.Get("channel") != "" && e.Channel != q.Get("channel")) ||
			(q.Get("event") != "" && e.Event != q.Get("event")) {
			continue
		}
		total++
		if size += len(e.Data) + len(e.ChannelData); len(found) == int(limit) || (size > maxReceivedBytes && len(found) > 0) {
			continue
		}
		found = append(found, newReceived(e))
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	answer(w, http.StatusOK, struct {
		Received []receivedEvent `json:"received"`
		Total    int             `json:"total"`
	}{found, total})
}

func newReceived(e *testserver.Received) receivedEvent {
	data := e.Data
	if data == nil || !json.Valid(data) {
		data = json.RawMessage("null")
	}
	return receivedEvent{
		Kind: strings.ReplaceAll(e.Kind.String(), " ", "_"), SocketID: e.SocketID, Channel: e.Channel, Event: e.Event,
		Data: data, ChannelData: e.ChannelData, Refused: e.Refused, Relayed: e.Relayed, Time: e.At.UTC(),
	}
}
