package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

const (
	// maxWaits bounds how many requests wait at a time.
	maxWaits = 64
	// defaultWait is how long a wait takes at most if it does not say, and maxWait how long it may say.
	defaultWait, maxWait = 10 * time.Second, 60 * time.Second
)

type waitRequest struct {
	Condition string `json:"condition"`
	Channel   string `json:"channel"`
	Event     string `json:"event"`
	Kind      string `json:"kind"`
	N         *int   `json:"n"`
	TimeoutMS *int   `json:"timeout_ms"`
}

// count is the number that a condition is about, and whether it must fall to n instead of rise.
func (a *waitRequest) count() (count testserver.Count, falls, ok bool) {
	switch a.Condition {
	case "subscribed", "unsubscribed":
		return testserver.CountSubscribers(a.Channel), a.Condition == "unsubscribed", a.Channel != ""
	case "connected", "disconnected":
		return testserver.CountConnections(), a.Condition == "disconnected", true
	case "members":
		return testserver.CountMembers(a.Channel), false, a.Channel != ""
	case "received":
		kind := testserver.KindClientEvent
		if a.Kind != "" {
			if kind, ok = kinds[a.Kind]; !ok {
				return nil, false, false
			}
		}
		return testserver.CountReceived(kind, a.Channel, a.Event), false, true
	}
	return nil, false, false
}

// wait answers once a condition is true: 504 if it is not by the end of the time.
func (c *Console) wait(w http.ResponseWriter, r *http.Request) {
	var asked waitRequest
	if !readJSON(w, r, &asked) {
		return
	}
	count, falls, ok := asked.count()
	if !ok {
		bad(w, "condition: want subscribed, unsubscribed or members, with a channel, connected, disconnected, or received, with a kind if it is not client_event")
		return
	}
	n, timeout := 1, defaultWait
	if falls {
		n = 0
	}
	if asked.N != nil {
		n = *asked.N
	}
	if asked.TimeoutMS != nil {
		timeout = time.Duration(*asked.TimeoutMS) * time.Millisecond
	}
	if n < 0 || timeout < 0 || timeout > maxWait {
		bad(w, "n: want 0 or more; timeout_ms: want 0 to 60000")
		return
	}
	if !c.waits.take() {
		fail(w, http.StatusServiceUnavailable, "too_many", fmt.Sprintf("%d requests wait already", maxWaits))
		return
	}
	defer c.waits.leave()
	got, ok := c.await(r, timeout, count, func(got int) bool { return got >= n && !falls || got <= n && falls })
	if !ok {
		relation := "at least"
		if falls {
			relation = "at most"
		}
		fail(w, http.StatusGatewayTimeout, "timeout", fmt.Sprintf("waited %v for %s: %d, want %s %d", timeout, asked.Condition, got, relation, n))
		return
	}
	answer(w, http.StatusOK, struct {
		Count int `json:"count"`
	}{got})
}

// await waits for a count, until the time is over, the client has gone, or the console ends.
func (c *Console) await(r *http.Request, timeout time.Duration, count testserver.Count, so func(int) bool) (int, bool) {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	stop := context.AfterFunc(c.life, cancel)
	defer stop()
	return c.server.Await(ctx, count, so)
}
