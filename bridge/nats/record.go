package bridge

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
	"github.com/realtimex/realtimex-go/rtx"
)

// The headers of records on the bus, beside Nats-Msg-Id.
const (
	// HeaderReceived has the time at which the replica received an event, in nanoseconds since 1970.
	HeaderReceived = "Rtx-Received"

	// HeaderAfter is in gap records only. It has the id of the event that the gap follows, "" for the
	// beginning.
	HeaderAfter = "Rtx-After"

	headerToken = "Rtx-Token" // which replica has published a gap record, and its number
	headerSeq   = "Nats-Expected-Last-Subject-Sequence"
	headerFor   = "Nats-Expected-Last-Subject-Sequence-Subject"
)

// gapRecord is the payload of a gap record.
type gapRecord struct {
	Channel     string    `json:"channel"`
	Dropped     uint64    `json:"dropped,omitempty"`
	Malformed   uint64    `json:"malformed,omitempty"`
	Reconnected bool      `json:"reconnected,omitempty"`
	Ended       bool      `json:"ended,omitempty"`
	Since       time.Time `json:"since,omitzero"`
	Until       time.Time `json:"until,omitzero"`
	Error       string    `json:"error,omitempty"`
}

func newGapRecord(channel string, h *relay.Hole) gapRecord {
	g := gapRecord{
		Channel: channel, Dropped: h.Dropped, Malformed: h.Malformed, Ended: h.Ended, Since: h.Since, Until: h.Until, Error: h.Err,
		Reconnected: h.Reconnected || h.Began || h.Evicted,
	}
	switch {
	case g.Error != "":
	case h.Evicted:
		g.Error = "the ring could not keep them until they could be published"
	case h.Began:
		g.Error = "no replica that is alive knows what follows the last event on the bus"
	}
	return g
}

func (g gapRecord) gap() *rtx.Gap {
	gap := &rtx.Gap{
		Channel: g.Channel, Dropped: g.Dropped, Malformed: g.Malformed, Reconnected: g.Reconnected, Ended: g.Ended, Since: g.Since, Until: g.Until,
	}
	if g.Error != "" {
		gap.Err = errors.New(g.Error)
	}
	return gap
}

// hole is what a gap on the replica's own stream says of one channel.
func hole(g *rtx.Gap) relay.Hole {
	h := relay.Hole{Since: g.Since, Until: g.Until, Dropped: g.Dropped, Malformed: g.Malformed, Reconnected: g.Reconnected, Ended: g.Ended}
	if g.Err != nil {
		h.Err = cut(g.Err.Error(), maxErrorText)
	}
	return h
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// message returns the gap record that an action publishes, or the record of its event with that
// index. In a batch the first one has the condition for all.
func (h *held) message(b *Bridge, a relay.Action, i int) (*nats.Msg, error) {
	m := &nats.Msg{Header: make(nats.Header, 8)}
	// Set by assignment: these names are not to be changed to another form. The values share one
	// array.
	values := make([]string, 0, 4)
	set := func(name, value string) {
		values = append(values, value)
		m.Header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if i == 0 {
		set(headerSeq, strconv.FormatUint(a.Seq, 10))
		set(headerFor, h.filter)
	}
	if a.Gap == nil {
		e := &a.Entries[i]
		m.Subject = h.prefix + Escape(e.Event)
		set(nats.MsgIdHdr, h.token+"."+e.ID)
		set(HeaderReceived, strconv.FormatInt(e.At.UnixNano(), 10))
		m.Data = e.Payload
		return m, nil
	}
	data, err := json.Marshal(newGapRecord(h.name, a.Gap))
	if err != nil {
		return nil, err
	}
	m.Subject = GapSubject(b.cfg.App, h.name)
	set(HeaderAfter, a.After)
	set(headerToken, b.incarnation+"."+strconv.FormatUint(a.Token, 10))
	m.Data = data
	return m, nil
}

// last reads what a record says of the end of its channel. A record that somebody else has put there
// is an event without an id.
func (b *Bridge) last(header nats.Header, seq uint64, at time.Time) relay.Last {
	l := relay.Last{Found: true, Seq: seq, At: at}
	if nanos, err := strconv.ParseInt(value(header, HeaderReceived), 10, 64); err == nil {
		l.At = time.Unix(0, nanos)
	}
	if after, ok := header[HeaderAfter]; ok && len(after) == 1 {
		l.ID = after[0]
		if token, mine := strings.CutPrefix(value(header, headerToken), b.incarnation+"."); mine {
			l.Gap, _ = strconv.ParseUint(token, 10, 64)
		}
		return l
	}
	if l.ID = recordID(header); l.ID == "" {
		l.ID = relay.LocalPrefix + "?." + strconv.FormatUint(seq, 10)
	}
	return l
}

// recordID returns the id of an event, escaped as by Escape, or the one that a replica has made, which
// begins with "~". It is what follows the channel in Nats-Msg-Id.
func recordID(header nats.Header) string {
	_, id, _ := strings.Cut(value(header, nats.MsgIdHdr), ".")
	return id
}

// value returns a header by its exact name.
func value(header nats.Header, name string) string {
	if v := header[name]; len(v) > 0 {
		return v[0]
	}
	if v := header[http.CanonicalHeaderKey(name)]; len(v) > 0 {
		return v[0]
	}
	return ""
}
