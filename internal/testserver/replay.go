package testserver

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/rtx/record"
)

// WithReplay makes the server replay a recording to its next client, in place of the service: the
// same packets, refusals and ends of connections. It takes any API key and any signature. What a
// connection brought is sent once the client has asked for the same subscriptions as in the
// recording. The auth backend works as ever; what publishes or makes faults has nobody to reach.
//
// What a recording can't show is played by what is nearest to it: a reset as a FIN, for with a reset
// what was sent before could be lost; an error of the protocol as a packet that can't be read; the
// program's Reconnect as a close frame. All connections may be over either transport.
func WithReplay(r *Recording) Option {
	return func(c *config) error {
		if r == nil || len(r.attempts) == 0 {
			return bad("WithReplay", "the recording has no connection")
		}
		c.recording = r
		return nil
	}
}

// WithReplaySpeed sets how fast a recording is replayed: 1 keeps the recorded times, 10 is ten times
// as fast. Default: 0, which keeps no times.
func WithReplaySpeed(factor float64) Option {
	return func(c *config) error {
		if !(factor >= 0) || math.IsInf(factor, 0) {
			return bad("WithReplaySpeed", "less than 0, or no number")
		}
		c.speed = factor
		return nil
	}
}

// A replay is a recording that is being played. Its fields are Server.mu's.
type replay struct {
	server *Server
	rec    *Recording
	speed  float64
	engine *sioserver.Engine

	running sync.WaitGroup // connections that are played

	next    int      // attempt
	tried   string   // the transport of the last request, if the attempt of it is to fail
	played  int      // attempts that are through
	waits   string   // what the connection in play waits for
	differs []string // what the client did in another way than in the recording
}

func newReplay(s *Server, rec *Recording, speed float64) *replay {
	p := &replay{server: s, rec: rec, speed: speed}
	cfg := sioserver.EngineConfig{
		QueueBytes: math.MaxInt, // the recording is the bound
		Transports: s.cfg.transports,
		Random:     s.cfg.random,
		Admit:      admitAttempt,
		Open:       p.opened,
		Message:    p.message,
	}
	for _, a := range rec.attempts {
		if a.outcome.Kind == record.KindConnected {
			cfg.PingInterval, cfg.PingTimeout, cfg.MaxPayload = a.outcome.PingInterval, a.outcome.PingTimeout, a.outcome.MaxPayload
			break
		}
	}
	p.engine = sioserver.NewEngine(cfg)
	return p
}

func (p *replay) close() {
	p.engine.Close()
	p.running.Wait()
}

type attemptKey struct{}

// ServeHTTP serves Engine.IO. A handshake is the next attempt of the recording.
func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Has("sid") {
		p.engine.ServeHTTP(w, r)
		return
	}
	a := p.take(query.Get("transport"))
	if a == nil {
		(&sioserver.HTTPError{Status: http.StatusServiceUnavailable, Code: 3, Message: "the replay is over"}).Write(w)
		return
	}
	p.server.log().Info("replaying", "connection", a.number, "of", len(p.rec.attempts))
	if e := a.outcome; e.Kind == record.KindFailed && (e.Status != 0 || e.Step == "dial" || e.Step == "upgrade") {
		p.through(a)
		p.fail(w, r, e)
		return
	}
	p.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), attemptKey{}, a)))
}

func admitAttempt(r *http.Request) (sioserver.Admission, *sioserver.HTTPError) {
	a := r.Context().Value(attemptKey{}).(*attempt)
	e := a.outcome
	return sioserver.Admission{Value: a, Silent: e.Kind == record.KindFailed && e.Step == "open" && e.How == record.HowTimeout}, nil
}

// take returns the attempt that a handshake is, or nil if the recording has no further one. A client
// whose WebSocket failed tries polling, which is the same attempt.
func (p *replay) take(transport string) *attempt {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Handshakes++
	defer s.touch()
	if p.tried == "websocket" && transport == "polling" {
		p.tried = ""
		return p.rec.attempts[p.next-1]
	}
	if p.tried = ""; p.next == len(p.rec.attempts) {
		return nil
	}
	a := p.rec.attempts[p.next]
	p.next++
	if a.outcome.Kind == record.KindFailed {
		p.tried = transport
	}
	return a
}

// through counts an attempt as played.
func (p *replay) through(a *attempt) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.played = max(p.played, a.number)
	p.server.touch()
}

// fail answers a handshake as in the recording.
func (p *replay) fail(w http.ResponseWriter, r *http.Request, e record.Entry) {
	after := ""
	if e.RetryAfter > 0 {
		after = fmt.Sprint(int64(math.Ceil(e.RetryAfter.Seconds())))
	}
	switch {
	case e.Status >= 200 && e.Status <= 599 && e.Code >= 0:
		(&sioserver.HTTPError{Status: e.Status, Code: e.Code, Message: e.Message, RetryAfter: after}).Write(w)
	case e.Status >= 200 && e.Status <= 599:
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		http.Error(w, http.StatusText(e.Status), e.Status)
	case e.How == record.HowTimeout:
		select {
		case <-r.Context().Done():
		case <-p.server.stopped:
		}
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}

// WaitReplayed waits until the whole recording is played. If that takes longer than WithWait allows,
// or if the client did not resume a session that it resumed in the recording, it fails the test.
func (s *Server) WaitReplayed() {
	s.tb.Helper()
	if s.replay == nil {
		s.tb.Fatalf("rtxtest: the server has nothing to replay")
		return
	}
	s.wait(s.replay.over, s.replay.state)
	if differs := s.locked(func() string { return strings.Join(s.replay.differs, "; ") }); differs != "" {
		s.tb.Fatalf("rtxtest: the client did not do as in the recording: %s", differs)
	}
}

// Replayed returns a channel that is closed when the whole recording is played, or the server is
// closed; at once if there is nothing to replay.
func (s *Server) Replayed() <-chan struct{} {
	over := make(chan struct{})
	if s.replay == nil {
		close(over)
		return over
	}
	s.serving.Go(func() {
		defer close(over)
		s.await(s.stopped, s.replay.over)
	})
	return over
}

// over reports whether the whole recording is played. s.mu is held.
func (p *replay) over() bool { return p.played == len(p.rec.attempts) }

// state says what the replay waits for. s.mu is held.
func (p *replay) state() string {
	if p.next == 0 {
		return "no client has connected to the replay"
	}
	if p.waits == "" && p.next == p.played {
		return fmt.Sprintf("connection %d of %d has ended, and the client does not connect again", p.next, len(p.rec.attempts))
	}
	return fmt.Sprintf("connection %d of %d is being replayed, and waits for %s", p.next, len(p.rec.attempts), cmp.Or(p.waits, "its time"))
}

// differ notes what the client did in another way than in the recording.
func (p *replay) differ(a *attempt, what string) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.differs = append(p.differs, fmt.Sprintf("connection %d %s", a.number, what))
	p.server.log().Warn("the client does not do as in the recording", "connection", a.number, "difference", what)
}

// scaled is a recorded time as it is to be waited for.
func (p *replay) scaled(d time.Duration) time.Duration {
	if p.speed == 0 || d <= 0 {
		return 0
	}
	return time.Duration(min(float64(d)/p.speed, math.MaxInt64/2))
}
