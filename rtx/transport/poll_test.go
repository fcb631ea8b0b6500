package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Packets come joined, binary ones in base64, and a noop says nothing.
func TestPollingRecv(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		sess := s.mustDial()
		s.answers <- "42[\"naïve\",1]\x1e6\x1e437[1]\x1e452-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\x1ebAB4w\x1ebAQ==\x1e42[\"x\"]"
		s.answers <- "6"
		s.answers <- "42[\"y\"]\x1e1"
		got, err := received(sess)
		want := []string{`["naïve",1]`, `[1]`, `["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]` + "+\x00\x1e\x30+\x01", `["x"]`, `["y"]`}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if !errors.Is(err, transport.ErrServerClose) {
			t.Errorf("ended by %v", err)
		}
		if end := sess.Ended(); !end.PeerKnows || !end.KeepsSession {
			t.Errorf("ended %+v", end)
		}
		if info := sess.Info(); info.Transport != transport.Polling || info.SocketID != "socket-1" || info.MaxPayload != 1000 {
			t.Errorf("info %v", info)
		}
	})
}

// A ping is delivered, and a pong is a POST.
func TestPollingHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		sess := s.mustDial()
		go received(sess)
		time.Sleep(25 * time.Second)
		if d := sess.Silence(); d != 25*time.Second {
			t.Errorf("silent for %v", d)
		}
		s.answers <- "2"
		<-sess.Pings()
		if d := sess.Silence(); d != 0 {
			t.Errorf("silent for %v after a ping", d)
		}
		if err := sess.Pong(); err != nil {
			t.Fatal(err)
		}
		if got := s.posted(); !slices.Equal(got, []string{"3"}) {
			t.Errorf("posted %q", got)
		}
	})
}

// What is sent while a POST is in flight goes out with the next one, together and in order.
func TestPollingJoinsPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newPollServer(t, func(s *pollServer) {
			s.post = func(body string) (int, string) {
				if body == "4first" {
					<-release
				}
				return 200, "ok"
			}
		})
		sess := s.mustDial()
		done := make(chan error, 10)
		send := func(packets ...string) {
			var raw [][]byte
			for _, p := range packets {
				raw = append(raw, []byte(p))
			}
			go func() { done <- sess.Send(t.Context(), raw...) }()
			synctest.Wait()
		}
		send("first")
		send("2", "3")
		send("4")
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() { gaveUp <- sess.Send(ctx, []byte("given up")) }()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		send("5")
		close(release)
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if got, want := s.posted(), []string{"4first", "42\x1e43\x1e44\x1e45"}; !slices.Equal(got, want) {
			t.Errorf("posted %q, want %q", got, want)
		}
	})
}

// A body is as long as the server takes, to the byte.
func TestPollingBodiesFitMaxPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		sess := s.mustDial()
		half := strings.Repeat("x", 499) // "4", it, 0x1e, "4" and the rest: 1,000 bytes with 498 more
		for _, tt := range []struct{ second, bodies int }{{498, 1}, {499, 2}} {
			before := len(s.posted())
			if err := sess.Send(t.Context(), []byte(half), []byte(strings.Repeat("y", tt.second))); err != nil {
				t.Fatal(err)
			}
			got := s.posted()[before:]
			if len(got) != tt.bodies || len(got[0]) > 1000 {
				t.Errorf("a second packet of %d bytes: %d bodies, the first of %d bytes", tt.second, len(got), len(got[0]))
			}
		}
		before := len(s.posted())
		if err := sess.Send(t.Context(), []byte(strings.Repeat("x", 999))); err != nil {
			t.Errorf("a packet of 1,000 bytes: %v", err)
		}
		var size *transport.SizeError
		if err := sess.Send(t.Context(), []byte(strings.Repeat("x", 1000))); !errors.As(err, &size) || size.Size != 1001 {
			t.Errorf("a packet of 1,001 bytes: %v", err)
		}
		if got := len(s.posted()) - before; got != 1 {
			t.Errorf("%d bodies were posted", got)
		}
	})
}

// A packet is as long as the limit allows, to the byte, whether it is text or in base64; a body has
// no limit.
func TestPollingReadLimitIsExact(t *testing.T) {
	const limit = 3000
	text := func(n int) string { return `42["` + strings.Repeat("x", n-len(`42[""]`)) + `"]` }
	for _, tt := range []struct {
		name, answer string
		tooBig       bool
	}{
		{"text", text(limit), false},
		{"text over it", text(limit + 1), true},
		{"many", strings.Repeat(text(limit)+"\x1e", 10) + text(limit), false},
		{"a late one over it", text(limit) + "\x1e" + text(limit+1) + "\x1e" + text(10), true},
		{"attachment over it", "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\x1eb" + strings.Repeat("AAAA", limit/3+1), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, nil)
				sess := s.mustDial(func(c *transport.Config) { c.ReadLimit = limit })
				s.answers <- tt.answer
				s.answers <- "1"
				_, err := received(sess)
				if tooBig := errors.Is(err, transport.ErrFrameTooBig); tooBig != tt.tooBig {
					t.Errorf("ended by %v", err)
				}
			})
		})
	}
}

// A GET that is lost may have brought packets. It is not made again, neither by the session nor by
// net/http, which would for a connection that broke while it was in use before.
func TestPollingLostGETEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		sess := s.mustDial()
		s.answers <- `42["a"]`
		s.answers <- ""
		s.answers <- `42["of another poll"]`
		got, err := received(sess)
		var lost *transport.LostError
		if !errors.As(err, &lost) || !slices.Equal(got, []string{`["a"]`}) {
			t.Errorf("got %q, ended by %v", got, err)
		}
		if s.got() != 3 { // the CONNECT answer, a, and the lost one
			t.Errorf("%d GETs", s.got())
		}
		if end := sess.Ended(); end.PeerKnows || !end.KeepsSession {
			t.Errorf("ended %+v: a connection that breaks says nothing of the session", end)
		}
		sess.Close(err)
		if end := sess.Ended(); !end.PeerKnows || !end.KeepsSession || !slices.Equal(s.posted(), []string{"1"}) {
			t.Errorf("ended %+v after it was posted %q", end, s.posted())
		}
	})
}

// An answer that breaks off has its whole packets; one whose end can't be told from a cut is not
// believed at all.
func TestPollingBrokenAnswer(t *testing.T) {
	raw := func(response string) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}
	const whole, part = `42["whole"]`, `42["part`
	for name, tt := range map[string]struct {
		response string
		packets  int
	}{
		"with a length":  {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n%s\x1e%s", whole, part), 1},
		"in chunks":      {fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\x1e%s\r\n", len(whole)+1+len(part), whole, part), 1},
		"without either": {fmt.Sprintf("HTTP/1.1 200 OK\r\n\r\n%s\x1e%s", whole, whole), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				polls := 0
				s := newPollServer(t, func(s *pollServer) {
					s.get = func(w http.ResponseWriter, r *http.Request) {
						switch polls++; polls {
						case 1:
							_, _ = io.WriteString(w, <-s.answers)
						case 2:
							raw(tt.response)(w, r)
						default:
							_, _ = io.WriteString(w, "1")
						}
					}
				})
				got, err := received(s.mustDial())
				var lost *transport.LostError
				if !errors.As(err, &lost) || len(got) != tt.packets {
					t.Errorf("got %q, ended by %v", got, err)
				}
			})
		})
	}
}

// What answers a POST in the server's place has not taken the packets.
func TestPollingPostMustBeTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		reply  string
		want   func(err error) bool
	}{
		"a web page": {200, "<html>log in</html>", func(err error) bool { return true }},
		"a gateway":  {504, "", func(err error) bool { return status(err) == 504 }},
		"a reset":    {0, "", func(err error) bool { return true }},
		"unknown":    {400, `{"code":1,"message":"Session ID unknown"}`, func(err error) bool { return errors.Is(err, transport.ErrSessionUnknown) }},
		"too large":  {413, "", func(err error) bool { return status(err) == 413 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := false
				s := newPollServer(t, func(s *pollServer) {
					s.post = func(body string) (int, string) {
						if fails {
							return tt.status, tt.reply
						}
						return 200, "ok"
					}
				})
				sess := s.mustDial()
				ended := make(chan error, 1)
				go func() {
					_, err := received(sess)
					ended <- err
				}()
				fails = true
				err := sess.Send(t.Context(), []byte("x"))
				var lost *transport.LostError
				if !errors.As(err, &lost) || !tt.want(err) {
					t.Errorf("Send: %v", err)
				}
				if got := <-ended; got == nil || got.Error() != err.Error() {
					t.Errorf("Recv: %v", got)
				}
				sess.Close(err)
				if end := sess.Ended(); end.PeerKnows || !end.KeepsSession {
					t.Errorf("ended %+v", end)
				}
				want := []string{"4x", "1"} // the packets are not posted again, and the end is told
				if name == "unknown" {
					want = want[:1]
				}
				if got := s.posted(); !slices.Equal(got, want) {
					t.Errorf("posted %q", got)
				}
			})
		})
	}
}

func status(err error) int {
	var e *transport.StatusError
	if !errors.As(err, &e) {
		return 0
	}
	return e.Status
}

// A server that does not know the session may be another one than the one that has it.
func TestPollingUnknownSessionProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unknown := false
		s := newPollServer(t, func(s *pollServer) {
			s.get = func(w http.ResponseWriter, r *http.Request) {
				if unknown {
					http.Error(w, `{"code":1,"message":"Session ID unknown"}`, http.StatusBadRequest)
					return
				}
				_, _ = io.WriteString(w, <-s.answers)
			}
		})
		sess := s.mustDial()
		unknown = true
		_, err := sess.Recv()
		if !errors.Is(err, transport.ErrSessionUnknown) {
			t.Errorf("ended by %v", err)
		}
		sess.Close(err)
		if end := sess.Ended(); end.PeerKnows || !end.KeepsSession || len(s.posted()) != 0 {
			t.Errorf("ended %+v, posted %q", end, s.posted())
		}
	})
}

// The end is told by a POST, and is known to the server if that is answered by it.
func TestPollingClose(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason error
		reply  string
		body   string
		end    transport.End
	}{
		{"for good", nil, "ok", "41\x1e1", transport.End{PeerKnows: true, KeepsSession: false}},
		{"for another", transport.ErrReconnect, "ok", "1", transport.End{PeerKnows: true, KeepsSession: true}},
		{"to a web page", transport.ErrReconnect, "<html>", "1", transport.End{PeerKnows: false, KeepsSession: true}},
		{"of a dead link", &transport.DeadLinkError{}, "ok", "", transport.End{PeerKnows: false, KeepsSession: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, func(s *pollServer) {
					s.post = func(body string) (int, string) {
						if strings.HasPrefix(body, "40") {
							return 200, "ok"
						}
						return 200, tt.reply
					}
				})
				sess := s.mustDial()
				ended := make(chan error, 1)
				go func() {
					_, err := received(sess)
					ended <- err
				}()
				synctest.Wait()
				sess.Close(tt.reason)
				want := tt.reason
				if want == nil {
					want = transport.ErrClosed
				}
				if err := <-ended; !errors.Is(err, want) {
					t.Errorf("Recv: %v", err)
				}
				if got := strings.Join(s.posted(), "|"); got != tt.body {
					t.Errorf("posted %q, want %q", got, tt.body)
				}
				end := sess.Ended()
				if tt.end.Err = end.Err; end != tt.end {
					t.Errorf("ended %+v, want %+v", end, tt.end)
				}
				if err := sess.Send(t.Context(), []byte("late")); !errors.Is(err, transport.ErrSessionClosed) {
					t.Errorf("Send after Close: %v", err)
				}
			})
		})
	}
}

// A server that does not answer holds Close up for the close timeout, and no longer.
func TestPollingCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := false
		s := newPollServer(t, func(s *pollServer) {
			s.post = func(string) (int, string) {
				if hang {
					time.Sleep(30 * time.Second)
				}
				return 200, "ok"
			}
		})
		sess := s.mustDial()
		hang = true
		sent := make(chan error, 1)
		go func() { sent <- sess.Send(context.Background(), []byte("x")) }()
		synctest.Wait()
		start := time.Now()
		sess.Close(nil)
		if d := time.Since(start); d != transport.DefaultCloseTimeout {
			t.Errorf("Close took %v", d)
		}
		if err := <-sent; err == nil {
			t.Error("a Send that nobody answered was sent")
		}
	})
}

// The cookies of the balancer come back with every request, and with no more than fit.
func TestPollingCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, func(s *pollServer) {
			s.header = http.Header{"Set-Cookie": {"node=7; Path=/deep; Domain=test", "big=" + strings.Repeat("x", 5000)}}
			for i := range 100 {
				s.header.Add("Set-Cookie", fmt.Sprintf("c%d=1", i))
			}
		})
		sess := s.mustDial()
		if err := sess.Send(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		for i, r := range s.seen()[1:] {
			node, err := r.Cookie("node")
			if err != nil || node.Value != "7" || len(r.Cookies()) != transport.MaxCookies {
				t.Errorf("request %d has %d cookies, %v", i, len(r.Cookies()), node)
			}
		}
	})
}

// A POST that stands still is given up after the write timeout; one that moves, however slowly, is
// not.
func TestPollingPostProgress(t *testing.T) {
	for name, tt := range map[string]struct {
		pause time.Duration // of the server between two parts of the body
		err   error
	}{
		"slow":   {9 * time.Second, nil},
		"silent": {11 * time.Second, transport.ErrWriteTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, func(s *pollServer) {
					s.open = strings.Replace(pollOpen, "1000}", "1000000}", 1)
					s.read = func(r *http.Request) (body []byte) {
						for {
							part, err := io.ReadAll(io.LimitReader(r.Body, 20_000))
							if body = append(body, part...); len(part) == 0 || err != nil {
								return body
							}
							if r.ContentLength > 1000 {
								time.Sleep(tt.pause)
							}
						}
					}
				})
				sess := s.mustDial()
				start := time.Now()
				err := sess.Send(t.Context(), []byte(strings.Repeat("x", 100_000)))
				if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Errorf("Send: %v after %v", err, time.Since(start))
				}
				if d := time.Since(start); tt.err == nil && d < 30*time.Second || tt.err != nil && d != 10*time.Second {
					t.Errorf("after %v", d)
				}
			})
		})
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
