package testserver

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/record"
)

// A Recording is what WithReplay plays: what one client saw.
type Recording struct {
	Header   record.Header
	Channels []string // that the client subscribed, in the order in which it first did
	Entries  int
	Length   time.Duration // from the beginning to the last entry
	Stopped  string        // the limit at which the recording stopped; "" if it did not

	attempts []*attempt
}

// Attempts returns how often the client asked for a connection.
func (r *Recording) Attempts() int { return len(r.attempts) }

// An attempt is one dial of the client, and the connection that came of it.
type attempt struct {
	number  int
	dial    record.Entry
	outcome record.Entry   // connected, refused or failed; the zero Entry if the recording ended before
	entries []record.Entry // what followed on the connection
}

// OpenRecording reads a recording from a file. The errors are those of the file, and those of
// record.Reader.
func OpenRecording(path string) (*Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadRecording(file)
}

// ReadRecording reads a recording. The errors are those of record.Reader.
func ReadRecording(from io.Reader) (*Recording, error) {
	in, err := record.NewReader(from)
	if err != nil {
		return nil, err
	}
	r := &Recording{Header: in.Header()}
	for {
		e, err := in.Next()
		if err == io.EOF { //nolint:errorlint // Next returns it unwrapped
			break
		}
		if err != nil {
			return nil, err
		}
		r.add(e)
	}
	return r, nil
}

// add takes the next entry.
func (r *Recording) add(e record.Entry) {
	r.Entries++
	r.Length = e.At
	switch e.Kind {
	case record.KindStopped:
		r.Stopped = e.Limit
		return
	case record.KindDial:
		r.attempts = append(r.attempts, &attempt{number: e.Conn, dial: e})
		return
	}
	a := r.attempts[e.Conn-1] // the reader has checked the number
	switch e.Kind {
	case record.KindConnected, record.KindRefused, record.KindFailed:
		a.outcome = e
		return
	}
	a.entries = append(a.entries, e)
	if channel, ok := subscribed(e); ok && !slices.Contains(r.Channels, channel) {
		r.Channels = append(r.Channels, channel)
	}
}

// subscribed returns the channel of an entry that asks for a subscription.
func subscribed(e record.Entry) (channel string, ok bool) {
	if e.Kind != record.KindSent {
		return "", false
	}
	name, p := asked(e.Data)
	return p.channel(), name == eventSubscribe
}

// asked takes an event of a client apart: its name and its first argument.
func asked(data []byte) (name string, p request) {
	quoted, args, err := engineio.SplitEvent(data, engineio.Limits{Bytes: record.MaxLine})
	if err != nil || json.Unmarshal(quoted, &name) != nil {
		return "", request{}
	}
	arg, _ := engineio.NextArg(args)
	// What is not of this shape is an empty request, as it would be to a JavaScript server.
	_ = json.Unmarshal(arg, &p)
	return name, p
}
