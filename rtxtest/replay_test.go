package rtxtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

const recordingHead = `{"format":"realtimex-recording","version":1,"started":"2026-01-02T03:04:05Z"}` + "\n"

// recording writes a recording: the entries of each connection, without its number.
func recording(t *testing.T, conns ...[]string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(recordingHead)
	for i, entries := range conns {
		for _, e := range append([]string{fmt.Sprintf(`{"at":%d,"kind":"dial"}`, time.Duration(i)*time.Hour)}, entries...) {
			e = strings.ReplaceAll(e, "CONNECTED", `"kind":"connected","socket_id":"socket-1","ping_interval":25000000000,"ping_timeout":20000000000`)
			b.WriteString(strings.TrimSuffix(e, "}") + fmt.Sprintf(`,"conn":%d}`, i+1) + "\n")
		}
	}
	path := filepath.Join(t.TempDir(), "recording.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// at is an entry at a time that is counted from the beginning of a connection, of which there is one
// each hour.
func at(conn int, after time.Duration, entry string) string {
	return fmt.Sprintf(`{"at":%d,%s}`, time.Duration(conn-1)*time.Hour+after, entry)
}

// joined is a connection with a channel that is subscribed and confirmed.
func joined(conn int) []string {
	return []string{
		at(conn, 0, "CONNECTED"),
		at(conn, 0, `"kind":"received","data":["realtimex:connection_established",{"socket_id":"socket-1"}]`),
		at(conn, 0, `"kind":"sent","data":["realtimex:subscribe",{"channel":"orders"}]`),
		at(conn, 0, `"kind":"received","data":["realtimex_internal:subscription_succeeded",{"channel":"orders"}]`),
	}
}

func published(n int) string {
	return fmt.Sprintf(`"kind":"received","data":["server-event",{"channel":"orders","event":"n","data":%d}]`, n)
}

// Each end of a connection is what it was, at the time at which it was, and the connections after it
// are the next ones of the recording.
func TestReplayEndsAsRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		entry string
		after time.Duration // the end, by the client's clock
		is    func(error) bool
	}{
		"close": {`"kind":"ended","how":"close","code":1012`, time.Minute, func(err error) bool {
			e, ok := errors.AsType[*rtx.CloseError](err)
			return ok && e.Code == 1012
		}},
		"FIN":          {`"kind":"ended","how":"fin"`, time.Minute, func(err error) bool { return isLost(err) && !errors.Is(err, rtx.ErrLinkDead) }},
		"reset":        {`"kind":"ended","how":"reset"`, time.Minute, func(err error) bool { return isLost(err) && !errors.Is(err, rtx.ErrLinkDead) }},
		"disconnect":   {`"kind":"ended","how":"disconnect"`, time.Minute, func(err error) bool { return errors.Is(err, rtx.ErrServerDisconnect) }},
		"engine close": {`"kind":"ended","how":"engine-close"`, time.Minute, func(err error) bool { return errors.Is(err, rtx.ErrServerDisconnect) }},
		"protocol":     {`"kind":"ended","how":"protocol"`, time.Minute, func(err error) bool { return errors.Is(err, rtx.ErrProtocol) }},
		"reconnect": {`"kind":"ended","how":"reconnect"`, time.Minute, func(err error) bool {
			e, ok := errors.AsType[*rtx.CloseError](err)
			return ok && e.Code == 1000
		}},
		// The last ping before the silence came after 50 s.
		"silence": {`"kind":"ended","how":"silence","silence":45000000000`, 50*time.Second + 45*time.Second, func(err error) bool { return errors.Is(err, rtx.ErrLinkDead) }},
	} {
		t.Run(name, func(t *testing.T) {
			end := time.Minute
			if name == "silence" {
				end = 60*time.Second + 45*time.Second // so the silence begins at 60 s
			}
			first := append(joined(1), at(1, time.Second, published(1)), at(1, end, test.entry))
			second := append(joined(2), at(2, time.Second, published(2)))
			path := recording(t, first, second)
			synctest.Test(t, func(t *testing.T) {
				server := rtxtest.Replay(t, path, rtxtest.WithReplaySpeed(1), rtxtest.WithWait(time.Hour))
				defer server.Close()
				client := replayClient(t, server)
				defer client.Close()
				states := client.States(t.Context())
				orders := rtx.On[int](t.Context(), client.Channel("orders"), "n")
				began := time.Now()
				if err := client.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				var err error
				for st := range states.C {
					if st.State == rtx.StateReconnecting {
						err = st.Err
						break
					}
				}
				if after := time.Since(began); !test.is(err) || after != test.after {
					t.Errorf("ended by %v after %v, want %v", err, after, test.after)
				}
				server.WaitReplayed()
				var got []string
				for n, gap := range orders.All() {
					if gap != nil {
						got = append(got, fmt.Sprint("gap, reconnected ", gap.Reconnected))
					} else if got = append(got, fmt.Sprint(n)); n == 2 {
						break
					}
				}
				if want := []string{"1", "gap, reconnected true", "2"}; !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

func isLost(err error) bool {
	_, ok := errors.AsType[*rtx.LostError](err)
	return ok
}

func replayClient(t *testing.T, server *rtxtest.Server, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	client, err := rtx.New("any-key", append([]rtx.Option{rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()),
		rtx.WithAuth(auth.Endpoint(server.AuthEndpoint(), auth.WithHTTPClient(server.HTTPClient())))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Attempts that failed fail again, in the same way, before one succeeds.
func TestReplayFailsAsRecorded(t *testing.T) {
	path := recording(t,
		[]string{at(1, 0, `"kind":"failed","step":"dial","how":"unreachable","code":-1`)},
		[]string{at(2, 0, `"kind":"failed","step":"upgrade","status":503,"code":3,"message":"busy","retry_after":7000000000`)},
		[]string{at(3, 0, `"kind":"failed","step":"upgrade","status":502,"code":-1`)},
		[]string{at(4, 0, `"kind":"failed","step":"open","how":"timeout","code":-1`)},
		[]string{at(5, 0, `"kind":"failed","step":"open","how":"fin","code":-1`)},
		[]string{at(6, 0, `"kind":"failed","step":"connect","how":"close","code":1013`)},
		[]string{at(7, 0, `"kind":"refused","message":"Over capacity","code":4100`)},
		joined(8),
	)
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.Replay(t, path, rtxtest.WithWait(time.Hour))
		defer server.Close()
		client := replayClient(t, server)
		defer client.Close()
		var got []string
		for {
			err := client.Connect(t.Context())
			if err == nil {
				break
			}
			if e, ok := errors.AsType[*rtx.DialError](err); ok {
				got = append(got, fmt.Sprint(e.Status, " ", e.RetryAfter))
			} else if e, ok := errors.AsType[*rtx.ConnectError](err); ok {
				got = append(got, fmt.Sprint(e.Message, " ", e.Code))
			} else {
				t.Fatal(err)
			}
		}
		want := []string{"0 0s", "503 7s", "502 0s", "0 0s", "0 0s", "0 0s", "Over capacity 4100"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		orders := rtx.On[int](t.Context(), client.Channel("orders"), "n")
		server.WaitReplayed()
		if err := orders.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		client.Reconnect() // the recording has no further connection
		for st := range client.States(t.Context()).C {
			if e, ok := errors.AsType[*rtx.DialError](st.Err); ok && e.Status == 503 {
				break
			}
		}
	})
}

// A recording that ends with an attempt that nobody answered is over once that attempt is made.
func TestReplayIsOverWithAnAttemptThatHangs(t *testing.T) {
	for _, step := range []string{"open", "connect", "upgrade"} {
		path := recording(t, []string{at(1, 0, `"kind":"failed","step":"`+step+`","how":"timeout","code":-1`)})
		synctest.Test(t, func(t *testing.T) {
			server := rtxtest.Replay(t, path, rtxtest.WithWait(time.Hour))
			defer server.Close()
			client := replayClient(t, server)
			defer client.Close()
			if err := client.Connect(t.Context()); err == nil {
				t.Errorf("%s: connected", step)
			}
			server.WaitReplayed()
		})
	}
}

// A service that went deaf is deaf again: it answers the client's pings as far as it did.
func TestReplayIsDeafAsRecorded(t *testing.T) {
	ping := func(after time.Duration) string { return at(1, after, `"kind":"sent","data":["realtimex:ping",{}]`) }
	path := recording(t, append(joined(1), ping(time.Second), at(1, time.Second, `"kind":"received","data":["realtimex:pong",{}]`),
		ping(time.Minute), ping(2*time.Minute), at(1, 3*time.Minute, `"kind":"ended","how":"client","message":"deaf"`)))
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.Replay(t, path)
		defer server.Close()
		client := replayClient(t, server)
		defer client.Close()
		if err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		var answered []bool
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, err := client.Ping(ctx)
			cancel()
			answered = append(answered, err == nil)
		}
		if want := []bool{true, false, false}; !slices.Equal(answered, want) {
			t.Errorf("answered: %v, want %v", answered, want)
		}
	})
}

// A client that does not do as in the recording fails the test, with what is missing.
func TestReplayToAnotherClient(t *testing.T) {
	recovered := append(joined(2), at(2, time.Second, published(2)))
	recovered[0] = at(2, 0, `CONNECTED,"pid":"pid-1","recovered":true`)
	for name, test := range map[string]struct {
		conns [][]string
		open  bool
		want  string
	}{
		"no subscription": {[][]string{joined(1)}, false, `connection 1 of 1 is being replayed, and waits for a subscription to "orders"`},
		"no recovery": {[][]string{append(joined(1), at(1, time.Second, `"kind":"ended","how":"fin"`)), recovered}, true,
			"the client did not do as in the recording: connection 2 resumed a session, and the client did not ask for it"},
	} {
		t.Run(name, func(t *testing.T) {
			path := recording(t, test.conns...)
			synctest.Test(t, func(t *testing.T) {
				caught := &catcher{TB: t}
				server := rtxtest.Replay(caught, path)
				defer server.Close()
				client := replayClient(t, server)
				defer client.Close()
				if test.open {
					rtx.On[int](t.Context(), client.Channel("orders"), "n")
				}
				if err := client.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				server.WaitReplayed()
				if !strings.Contains(caught.said, test.want) {
					t.Errorf("got %q, want %q", caught.said, test.want)
				}
			})
		})
	}
	caught := &catcher{TB: t}
	if rtxtest.Replay(caught, filepath.Join(t.TempDir(), "none")); !strings.HasPrefix(caught.said, "rtxtest: Replay: ") {
		t.Errorf("%q", caught.said)
	}
	caught = &catcher{TB: t}
	rtxtest.NewPipeServer(caught).WaitReplayed()
	if !strings.Contains(caught.said, "nothing to replay") {
		t.Errorf("%q", caught.said)
	}
}

// A catcher keeps what a test would have failed with, and lets it go on.
type catcher struct {
	testing.TB
	said string
}

func (c *catcher) Helper()                           {}
func (c *catcher) Fatalf(format string, args ...any) { c.said = fmt.Sprintf(format, args...) }
