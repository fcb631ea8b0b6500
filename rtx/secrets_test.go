package rtx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A client's life with every kind of trouble: none of its secrets may be in an error, in a log line
// at any level, or in a print of anything exported.
func TestNoSecretIsShown(t *testing.T) {
	for _, order := range [][]rtx.Transport{{rtx.WebSocket}, {rtx.Polling}, {rtx.Polling, rtx.WebSocket}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) { showsNoSecret(t, order) })
	}
}

func showsNoSecret(t *testing.T, order []rtx.Transport) {
	const key, secret, header, token = "key-3f9a27c1", "secret-77aa01", "header-5d20be", "token-91cc4e"
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		var shown strings.Builder
		show := func(vs ...any) {
			mu.Lock()
			defer mu.Unlock()
			for _, v := range vs {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
					fmt.Fprintf(&shown, verb+"\n", v)
				}
				for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&shown, "%+v %#v\n", err, err)
				}
			}
		}
		secrets := []string{key, secret, header, token}
		var grants []string
		authorizer := auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			g, err := s.Signer().Private(r.SocketID, r.Channel)
			if strings.HasSuffix(r.Channel, "-forged") {
				g.Auth = key + ":" + strings.Repeat("ab", 32)
			}
			mu.Lock()
			if g.Auth != "" {
				grants = append(grants, g.Auth[strings.Index(g.Auth, ":")+1:])
			}
			mu.Unlock()
			show(r, &r, g, &g)
			return g, err
		})
		var log lockedBuffer
		client, err := rtx.New(key, rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()), rtx.WithAuth(authorizer), rtx.WithTransports(order...),
			rtx.WithHeader(http.Header{"X-Secret": {header}, "Authorization": {"Bearer " + token}}),
			rtx.WithUserData(map[string]string{"user_id": token}),
			rtx.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		s.RefuseNext(1)
		show(client.Connect(t.Context()))
		if err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		ch := client.Channel("private-a")
		stream := opened[json.RawMessage](t, ch, "n")
		states := client.States(t.Context())
		s.Deny("private-no", "no", 1)
		for _, name := range []string{"private-no", "presence-x", "private-forged"} {
			show(subscribe(t.Context(), client.Channel(name)))
		}
		show(client, ch, stream, states, client.Stats(), stream.Stats(), rtx.NewGroup(ch), rtx.Message[int]{})
		for _, how := range []testserver.Drop{testserver.Reset, testserver.CloseFrame, testserver.Disconnect} {
			s.DropAll(how)
			time.Sleep(time.Minute)
			s.Inject(`42[`)
			s.RefuseNextWith(1, 403)
			time.Sleep(time.Minute)
		}
		s.Stop()
		time.Sleep(time.Minute)
		for done := false; !done; {
			select {
			case st := <-states.C:
				show(st)
			default:
				done = true
			}
		}
		wrong, err := rtx.New(key+"x", rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()), rtx.WithTransports(order...))
		if err != nil {
			t.Fatal(err)
		}
		show(wrong.Connect(t.Context()), wrong)
		show(wrong.Close(), client.Close(), stream.Err(), subscribe(t.Context(), ch))
		// What holds one and is printed itself; fmt then walks the fields, so only once nothing
		// runs.
		show(struct{ c *rtx.Client }{client}, struct{ ch *rtx.Channel }{ch}, struct{ s any }{stream})
		mu.Lock()
		secrets = append(secrets, grants...)
		text := shown.String() + log.String()
		mu.Unlock()
		if len(grants) == 0 || log.Len() == 0 {
			t.Fatal("nothing was shown")
		}
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%q is in: …%s…", secret, text[max(0, i-120):min(len(text), i+120)])
			}
		}
	}, testserver.WithKey(key), testserver.WithSecret(secret), testserver.WithRecovery(time.Minute))
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *lockedBuffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Len()
}
