package transport_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func wsRead(ws *websocket.Conn) string {
	_, b, err := ws.Read(context.Background())
	if err != nil {
		return "gone"
	}
	return string(b)
}

func wsSend(ws *websocket.Conn, frames ...string) {
	for _, f := range frames {
		_ = ws.Write(context.Background(), websocket.MessageText, []byte(f))
	}
}

func transportOf(sess transport.Session) transport.Kind {
	return sess.(interface{ Transport() transport.Kind }).Transport()
}

// Every step of an upgrade, with packets on their way at each: what came by polling is read first,
// the POST in flight is answered first, and nothing is sent twice.
func TestUpgradeLosesAndDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []string // of the server, in its order
		slow := make(chan struct{})
		s := newPollServer(t, func(s *pollServer) {
			s.header = http.Header{"Set-Cookie": {"node=7"}}
			s.post = func(body string) (int, string) {
				if body == "4slow" {
					<-slow
				}
				steps = append(steps, "POST "+body)
				return 200, "ok"
			}
			s.socket = func(ws *websocket.Conn) {
				steps = append(steps, "WS "+wsRead(ws))
				time.Sleep(10 * time.Millisecond) // a poll is open
				wsSend(ws, "3probe")
				time.Sleep(time.Second) // events go on by polling
				s.answers <- "42[2]\x1e451-[3,{\"_placeholder\":true,\"num\":0}]"
				frame := wsRead(ws)
				steps = append(steps, "WS "+frame)
				_ = ws.Write(context.Background(), websocket.MessageBinary, []byte("att"))
				wsSend(ws, "42[4]")
				for frame != "gone" {
					frame = wsRead(ws)
					steps = append(steps, "WS "+frame)
				}
			}
		})
		sess := s.mustDial(upgrading)
		s.answers <- `42[1]`
		packets := make(chan []string, 1)
		go func() {
			got, _ := received(sess)
			packets <- got
		}()
		sent := make(chan error, 3)
		send := func(text string) {
			go func() { sent <- sess.Send(context.Background(), []byte(text)) }()
			synctest.Wait()
		}
		time.Sleep(time.Millisecond)
		send("slow")
		time.Sleep(1500 * time.Millisecond) // the poll has ended, and none follows
		if got, at := s.got(), transportOf(sess); got != 3 || at != transport.Polling {
			t.Errorf("%d GETs, over %s", got, at)
		}
		send("waits for the upgrade")
		close(slow)
		time.Sleep(2 * time.Second)
		if at := transportOf(sess); at != transport.WebSocket {
			t.Errorf("over %s", at)
		}
		send("after it")
		for range 3 {
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
		if d := sess.Silence(); d > 4*time.Second {
			t.Errorf("silent for %v", d)
		}
		if info := sess.Info(); info.Transport != transport.Polling {
			t.Errorf("Info changed: %v", info)
		}
		sess.Close(transport.ErrReconnect)
		if got, want := <-packets, []string{"[1]", "[2]", "[3,{\"_placeholder\":true,\"num\":0}]+att", "[4]"}; !slices.Equal(got, want) {
			t.Errorf("received %q, want %q", got, want)
		}
		synctest.Wait()
		// Which of the two that wait for the POST sends next, a Send or the upgrade, is the runtime's
		// choice.
		before := []string{"POST 40", "WS 2probe", "POST 4slow", "POST 4waits for the upgrade", "WS 5", "WS 4after it", "WS gone"}
		after := []string{"POST 40", "WS 2probe", "POST 4slow", "WS 5", "WS 4waits for the upgrade", "WS 4after it", "WS gone"}
		if !slices.Equal(steps, before) && !slices.Equal(steps, after) {
			t.Errorf("steps %q", steps)
		}
		if s.got() != 3 {
			t.Errorf("%d GETs, one of them after the upgrade", s.got())
		}
		if end := sess.Ended(); !end.PeerKnows || !end.KeepsSession {
			t.Errorf("ended %+v", end)
		}
		for _, r := range s.seen() {
			if q := r.URL.Query(); q.Get("transport") == "websocket" {
				if node, _ := r.Cookie("node"); q.Get("sid") != openSID || q.Get("api_key") != testKey || node == nil {
					t.Errorf("the WebSocket's request has no sid, key or cookie")
				}
			}
		}
	})
}

// If the upgrade fails before its last step, polling goes on as if there had been none.
func TestUpgradeThatFailsIsHarmless(t *testing.T) {
	for name, socket := range map[string]func(*websocket.Conn){
		"refused":         nil,
		"cut at once":     func(ws *websocket.Conn) { ws.CloseNow() },
		"cut at the pong": func(ws *websocket.Conn) { wsRead(ws); ws.CloseNow() },
		"no pong":         func(ws *websocket.Conn) { wsRead(ws); wsRead(ws) },
		"another pong":    func(ws *websocket.Conn) { wsRead(ws); wsSend(ws, "3"); wsRead(ws) },
		"a binary pong": func(ws *websocket.Conn) {
			wsRead(ws)
			_ = ws.Write(context.Background(), websocket.MessageBinary, []byte("3probe"))
			wsRead(ws)
		},
		"nothing flushes the poll": func(ws *websocket.Conn) { wsRead(ws); time.Sleep(time.Second); wsSend(ws, "3probe"); wsRead(ws) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, func(s *pollServer) { s.socket = socket })
				sess := s.mustDial(upgrading)
				s.answers <- `42[1]`
				packets := make(chan []string, 1)
				go func() {
					got, _ := received(sess)
					packets <- got
				}()
				time.Sleep(2 * time.Second)
				if name != "nothing flushes the poll" {
					s.answers <- "6" // so that an upgrade which goes on is seen
				}
				time.Sleep(20 * time.Second)
				s.answers <- `42[2]`
				time.Sleep(time.Second)
				if err := sess.Send(t.Context(), []byte("x")); err != nil {
					t.Error(err)
				}
				if at := transportOf(sess); at != transport.Polling || !slices.Equal(s.posted(), []string{"4x"}) {
					t.Errorf("over %s, posted %q", at, s.posted())
				}
				s.answers <- "1"
				if got := <-packets; !slices.Equal(got, []string{"[1]", "[2]"}) {
					t.Errorf("received %q", got)
				}
			})
		})
	}
}

// Close ends an upgrade at each of its steps, and leaves nothing behind.
func TestCloseDuringUpgrade(t *testing.T) {
	for name, socket := range map[string]func(*websocket.Conn){
		"before the pong": func(ws *websocket.Conn) { wsRead(ws); wsRead(ws) },
		"before the poll": func(ws *websocket.Conn) { wsRead(ws); time.Sleep(time.Second); wsSend(ws, "3probe"); wsRead(ws) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, func(s *pollServer) { s.socket = socket })
				sess := s.mustDial(upgrading)
				ended := make(chan error, 1)
				go func() {
					_, err := received(sess)
					ended <- err
				}()
				time.Sleep(2 * time.Second)
				start := time.Now()
				sess.Close(nil)
				if d := time.Since(start); d != 0 {
					t.Errorf("Close took %v", d)
				}
				if err := <-ended; !errors.Is(err, transport.ErrClosed) {
					t.Errorf("Recv: %v", err)
				}
				if got := strings.Join(s.posted(), "|"); got != "41\x1e1" {
					t.Errorf("posted %q", got)
				}
			})
		})
	}
	t.Run("with nobody reading", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPollServer(t, func(s *pollServer) {
				s.socket = func(ws *websocket.Conn) { wsRead(ws); wsSend(ws, "3probe"); wsRead(ws) }
			})
			sess := s.mustDial(upgrading)
			time.Sleep(time.Second)
			sess.Close(nil)
		})
	})
}

// A server that offers no upgrade is not asked for one; and a server without polling is reached by a
// WebSocket at once.
func TestUpgradeIsOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, func(s *pollServer) {
			s.open = openPacket
			s.socket = func(ws *websocket.Conn) { t.Error("a WebSocket was opened"); ws.CloseNow() }
		})
		sess := s.mustDial(upgrading)
		go received(sess)
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		srv.accept = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("transport") != "polling" {
				return true
			}
			http.Error(w, `{"code":0,"message":"Transport unknown"}`, http.StatusBadRequest)
			return false
		}
		sess := srv.mustDial(upgrading)
		if at := sess.Info().Transport; at != transport.WebSocket {
			t.Errorf("over %s", at)
		}
	})
}
