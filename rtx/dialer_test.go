package rtx_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// countingDialer is the library's own dialer in a wrapper.
type countingDialer struct {
	transport.Dialer
	dials int
}

func (d *countingDialer) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	d.dials++
	return d.Dialer.Dial(ctx, r)
}

func TestWithDialer(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		u, err := url.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		own, err := transport.NewDialer(transport.Config{URL: u, APIKey: s.Key(), HTTPClient: s.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		d := &countingDialer{Dialer: own}
		c, err := rtx.New(s.Key(), rtx.WithURL(s.URL()), rtx.WithDialer(d))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		stream := opened[numbered](t, c.Channel("a"), "n")
		s.Publish("a", "n", numbered{1})
		if got := next(t, stream); got.N != 1 || d.dials != 1 {
			t.Errorf("value %v after %d dials", got, d.dials)
		}
	})
}

// dialFunc is a dialer of a user's own.
type dialFunc func() (transport.Session, error)

func (f dialFunc) Dial(context.Context, transport.Resume) (transport.Session, error) { return f() }

// Whatever a dialer does wrong is a failed attempt, and shows no secret.
func TestWithDialerThatFails(t *testing.T) {
	const key = "key-3f9a27c1"
	cause := errors.New("no route for " + key)
	for name, d := range map[string]dialFunc{
		"error": func() (transport.Session, error) { return nil, cause },
		"step": func() (transport.Session, error) {
			return nil, &transport.HandshakeError{Step: "dial", Code: -1, Message: key, Err: cause}
		},
		"nothing": func() (transport.Session, error) { return nil, nil },
		"panic":   func() (transport.Session, error) { panic("with " + key) },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := rtx.New(key, rtx.WithDialer(d))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Connect(t.Context())
			var dial *rtx.DialError
			if !errors.As(err, &dial) || dial.Step != rtx.StepDial || !dial.Retryable {
				t.Fatalf("%T %v", err, err)
			}
			for ; err != nil; err = errors.Unwrap(err) {
				if strings.Contains(err.Error(), key) {
					t.Errorf("the key is in %q", err)
				}
			}
		})
	}
}

// Options that belong to the dialer's own configuration would be passed over in silence.
func TestWithDialerBesideItsConfiguration(t *testing.T) {
	d := rtx.WithDialer(dialFunc(func() (transport.Session, error) { return nil, nil }))
	for name, o := range map[string]rtx.Option{
		"WithHTTPClient":       rtx.WithHTTPClient(new(http.Client)),
		"WithHeader":           rtx.WithHeader(http.Header{"A": {"b"}}),
		"WithReadLimit":        rtx.WithReadLimit(1 << 20),
		"WithWriteTimeout":     rtx.WithWriteTimeout(time.Second),
		"WithHandshakeTimeout": rtx.WithHandshakeTimeout(time.Second),
	} {
		_, err := rtx.New("key", d, o)
		var bad *rtx.OptionError
		if !errors.As(err, &bad) || bad.Option != "WithDialer" || !strings.Contains(bad.Reason, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
