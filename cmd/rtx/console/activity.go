package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxPreview bounds what a list has of an event's data, in bytes.
const maxPreview = 240

// activity is an entry as a list has it.
type activity struct {
	Number     uint64       `json:"number"`
	Kind       string       `json:"kind"`
	Time       time.Time    `json:"time"`
	SocketID   string       `json:"socket_id,omitempty"`
	Channel    string       `json:"channel,omitempty"`
	Event      string       `json:"event,omitempty"`
	ID         string       `json:"id,omitempty"`
	UserID     string       `json:"user_id,omitempty"`
	Preview    string       `json:"preview,omitempty"`
	Size       int          `json:"size"`
	Recipients *int         `json:"recipients,omitempty"`
	Relayed    *bool        `json:"relayed,omitempty"`
	Lost       bool         `json:"lost,omitempty"`
	Recovered  bool         `json:"recovered,omitempty"`
	Transport  string       `json:"transport,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	Code       int          `json:"code,omitempty"`
	Fault      *faultRecord `json:"fault,omitempty"`
}

// activityDetail is an entry with what the server keeps of its data and its frame.
type activityDetail struct {
	activity
	Data      json.RawMessage `json:"data,omitempty"` // left out if it was cut
	Frame     string          `json:"frame,omitempty"`
	Truncated bool            `json:"truncated"`
}

func (e *entry) summary() activity {
	a := activity{
		Number: e.number, Kind: string(e.Kind), Time: e.At.UTC(), SocketID: e.SocketID, Channel: e.Channel, Event: e.Event,
		ID: e.ID, UserID: e.UserID, Preview: preview(e.Data), Size: e.size, Lost: e.Lost, Recovered: e.Recovered,
		Transport: e.Transport, Reason: e.Reason, Code: e.Code, Fault: e.fault,
	}
	switch a.Kind {
	case "triggered":
		a.Relayed = &e.Relayed
		fallthrough
	case "published":
		a.Recipients = &e.Recipients
	}
	return a
}

func (e *entry) detail() activityDetail {
	d := activityDetail{activity: e.summary(), Frame: strings.ToValidUTF8(string(e.Frame), "\uFFFD"), Truncated: e.cut}
	if !e.cut && json.Valid(e.Data) {
		d.Data = e.Data
	}
	return d
}

// preview is the beginning of data as text, of whole characters.
func preview(data []byte) string {
	if len(data) > maxPreview {
		data = data[:maxPreview]
		for len(data) > 0 && !utf8.RuneStart(data[len(data)-1]) {
			data = data[:len(data)-1]
		}
		if len(data) > 0 && data[len(data)-1] >= utf8.RuneSelf {
			data = data[:len(data)-1]
		}
	}
	return strings.ToValidUTF8(string(data), "\uFFFD")
}

func summaries(entries []entry) []activity {
	list := make([]activity, len(entries))
	for i := range entries {
		list[i] = entries[i].summary()
	}
	return list
}

// listActivity answers with what happened after a number, oldest first.
func (c *Console) listActivity(w http.ResponseWriter, r *http.Request) {
	after, ok := number(w, r, "after", 0, 0, 1<<53)
	if !ok {
		return
	}
	limit, ok := number(w, r, "limit", 100, 1, 1000)
	if !ok {
		return
	}
	kind, channel := r.URL.Query().Get("kind"), r.URL.Query().Get("channel")
	found := make([]activity, 0, limit)
	next, missed := uint64(after), uint64(0)
	for len(found) < int(limit) {
		entries, gone, _ := c.feed.after(next, 1000)
		missed += gone
		for i := range entries {
			if len(found) == int(limit) {
				break
			}
			e := &entries[i]
			next = e.number
			if (kind == "" || kind == string(e.Kind)) && (channel == "" || channel == e.Channel) {
				found = append(found, e.summary())
			}
		}
		if len(entries) == 0 {
			break
		}
	}
	answer(w, http.StatusOK, struct {
		Activity []activity `json:"activity"`
		Next     uint64     `json:"next"`
		Missed   uint64     `json:"missed"`
	}{found, next, missed})
}

// showActivity answers with one entry.
func (c *Console) showActivity(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	e, ok := c.feed.find(n)
	if err != nil || !ok {
		fail(w, http.StatusNotFound, "not_found", "no activity has that number, or it is forgotten")
		return
	}
	answer(w, http.StatusOK, e.detail())
}
