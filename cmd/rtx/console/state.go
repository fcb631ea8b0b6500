package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// maxListed bounds how many connections, channels, subscribers and members a list has.
const maxListed = 200

type connection struct {
	SocketID  string    `json:"socket_id"`
	Transport string    `json:"transport"`
	Recovered bool      `json:"recovered"`
	Since     time.Time `json:"since"`
	Received  int64     `json:"received_bytes"`
	Sent      int64     `json:"sent_bytes"`
	Channels  []string  `json:"channels"`
	Count     int       `json:"channel_count"`
}

type channel struct {
	Name        string   `json:"name"`
	Subscribers []string `json:"subscribers"`
	Count       int      `json:"subscriber_count"`
	Confirmed   int      `json:"confirmed_count"`
	Members     []member `json:"members"`
	MemberCount int      `json:"member_count"`
}

type member struct {
	UserID string          `json:"user_id"`
	Info   json.RawMessage `json:"user_info"`
	Joined bool            `json:"joined"` // added by hand
	By     []string        `json:"socket_ids"`
}

// state is what the page shows of a server.
type state struct {
	Connections     []connection            `json:"connections"`
	ConnectionCount int                     `json:"connection_count"`
	Channels        []channel               `json:"channels"`
	ChannelCount    int                     `json:"channel_count"`
	Faults          testserver.ActiveFaults `json:"faults"`
	Stats           testserver.Stats        `json:"stats"`
}

func (c *Console) state() state {
	conns, channels, stats := c.server.View(maxListed)
	s := state{
		Connections: make([]connection, len(conns)), ConnectionCount: stats.Connections,
		Channels: make([]channel, len(channels)), ChannelCount: stats.Channels,
		Faults: c.server.ActiveFaults(), Stats: stats,
	}
	for i, v := range conns {
		s.Connections[i] = connection{v.SocketID, v.Transport, v.Recovered, v.Since.UTC(), v.Received, v.Sent, some(v.Channels), len(v.Channels)}
	}
	for i, v := range channels {
		s.Channels[i] = newChannel(v)
	}
	s.Faults.Denied = some(s.Faults.Denied)
	return s
}

func newChannel(v testserver.ChannelView) channel {
	ch := channel{v.Name, some(v.Subscribers), len(v.Subscribers), v.Confirmed, []member{}, len(v.Members)}
	for _, m := range some(v.Members) {
		ch.Members = append(ch.Members, member{m.UserID, m.Info, m.Joined, some(m.By)})
	}
	return ch
}

// some returns the first few of a list, and never nil: a list is [] in JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list[:min(len(list), maxListed)]
}

func (c *Console) showState(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, c.state())
}

func (c *Console) showChannel(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, newChannel(c.server.ViewChannel(r.PathValue("channel"))))
}
