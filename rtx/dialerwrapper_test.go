package rtx_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/transport"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A named dialer writes down that it was asked, and what its sessions are to hide.
type namedDialer struct {
	transport.Dialer
	name string
	log  *[]string
}

func (d namedDialer) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	*d.log = append(*d.log, d.name)
	s, err := d.Dialer.Dial(ctx, r)
	if err != nil {
		return nil, err
	}
	return hidingSession{s, d}, nil
}

type hidingSession struct {
	transport.Session
	d namedDialer
}

func (s hidingSession) Hide(texts ...string) {
	*s.d.log = append(*s.d.log, s.d.name+" hides "+strings.Join(texts, " "))
	s.Session.Hide(texts...)
}

// Wrappers stand around each other, the first innermost, and know the key before the first packet.
func TestWithDialerWrapper(t *testing.T) {
	server := rtxtest.NewServer(t, rtxtest.WithKey("the-key-of-ours"))
	var log []string
	wrap := func(name string) rtx.Option {
		return rtx.WithDialerWrapper(func(d transport.Dialer) transport.Dialer { return namedDialer{d, name, &log} })
	}
	c, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()), wrap("inner"), wrap("outer"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Transport() != rtx.WebSocket {
		t.Errorf("transport %q", c.Transport())
	}
	c.Close()
	want := []string{"outer", "inner", "outer hides the-key-of-ours", "inner hides the-key-of-ours"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q, want %q", log, want)
	}
}

// What an upgrade made of a connection is known through a wrapper that tells it.
func TestWithDialerWrapperKnowsTheTransport(t *testing.T) {
	server := rtxtest.NewServer(t)
	c, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()), rtx.WithTransports(rtx.Polling),
		rtx.WithDialerWrapper(func(d transport.Dialer) transport.Dialer { return telling{d} }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Transport() != "carrier" {
		t.Errorf("transport %q", c.Transport())
	}
}

type telling struct{ transport.Dialer }

func (d telling) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	s, err := d.Dialer.Dial(ctx, r)
	return tellingSession{s}, err
}

type tellingSession struct{ transport.Session }

func (tellingSession) Transport() transport.Kind { return "carrier" }

func TestWithDialerWrapperThatIsNone(t *testing.T) {
	for name, o := range map[string]rtx.Option{
		"is nil":       rtx.WithDialerWrapper(nil),
		"returned nil": rtx.WithDialerWrapper(func(transport.Dialer) transport.Dialer { return nil }),
	} {
		var bad *rtx.OptionError
		if _, err := rtx.New("key", o); !errors.As(err, &bad) || bad.Option != "WithDialerWrapper" || bad.Reason != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
