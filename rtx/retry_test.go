package rtx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestDialVerdict(t *testing.T) {
	refused := func(code int, words string) error { return &transport.ConnectError{Code: code, Message: words} }
	status := func(n int) *transport.HandshakeError {
		return &transport.HandshakeError{Step: "upgrade", Status: n, Code: -1}
	}
	coded := func(n, code int) error { e := status(n); e.Code = code; return e }
	asks := func(n int, after time.Duration) error { e := status(n); e.RetryAfter = after; return e }
	caused := func(step string, err error) error {
		return &transport.HandshakeError{Step: step, Code: -1, Err: err}
	}
	tests := []struct {
		err   error
		want  core.Verdict
		after time.Duration
	}{
		{refused(4000, "no"), core.Refused, 0},
		{refused(4001, "Invalid API key"), core.Refused, 0},
		{refused(4099, "no"), core.Refused, 0},
		{refused(0, "Invalid API key"), core.Refused, 0},
		{refused(0, "unauthorized"), core.Refused, 0},
		{refused(0, "try again later"), core.Slowly, 0},
		{refused(0, ""), core.Slowly, 0},
		{refused(3999, "no"), core.Slowly, 0},
		{refused(4100, "Over capacity, try again"), core.Slowly, 0},
		{refused(4199, "later"), core.Slowly, 0},
		{refused(4200, "at once"), core.Soon, 0},
		{refused(4299, "at once"), core.Soon, 0},
		{refused(4300, "no"), core.Slowly, 0},
		{refused(5000, "odd"), core.Slowly, 0},
		{status(401), core.Refused, 0},
		{status(403), core.Refused, 0},
		{status(404), core.Slowly, 0},
		{status(200), core.Slowly, 0},
		{status(429), core.Slowly, 0},
		{asks(429, 9*time.Second), core.Slowly, 9 * time.Second},
		{coded(400, 1), core.Soon, 0},
		{coded(400, 3), core.Slowly, 0},
		{coded(400, 5), core.Slowly, 0},
		{status(408), core.Soon, 0},
		{status(425), core.Soon, 0},
		{status(500), core.Soon, 0},
		{status(502), core.Soon, 0},
		{status(503), core.Soon, 0},
		{asks(503, 7*time.Second), core.Soon, 7 * time.Second},
		{status(504), core.Soon, 0},
		{status(501), core.Slowly, 0},
		{caused("upgrade", transport.ErrRedirect), core.Slowly, 0},
		{caused("dial", &tls.CertificateVerificationError{Err: errors.New("x")}), core.Slowly, 0},
		{caused("dial", &transport.ProxyError{Proxy: "p:1", Status: 407}), core.Slowly, 0},
		{caused("dial", &transport.ProxyError{Proxy: "p:1", Status: 403}), core.Slowly, 0},
		{caused("dial", &transport.ProxyError{Proxy: "p:1", Status: 502}), core.Soon, 0},
		{caused("dial", &transport.ProxyError{Proxy: "p:1", Err: errNoRoute}), core.Soon, 0},
		{caused("open", transport.ErrMaxPayload), core.Slowly, 0},
		{caused("connect", transport.ErrBacklog), core.Soon, 0},
		{caused("connect", context.DeadlineExceeded), core.Soon, 0},
		{errNoRoute, core.Soon, 0},
		{errors.New("of a dialler that is not this library's"), core.Soon, 0},
	}
	for _, tt := range tests {
		if v, after := dialVerdict(tt.err); v != tt.want || after != tt.after {
			t.Errorf("%v: %v after %v, want %v after %v", tt.err, v, after, tt.want, tt.after)
		}
	}
}

// What a failed attempt asks for decides whether it is asked for again: only one that came as far
// as CONNECT has asked.
func TestFailedResumeIsNotRepeated(t *testing.T) {
	c := newScripted(t).c
	asked := &transport.HandshakeError{Step: "connect", Code: -1, Resuming: true, Err: errors.New("x")}
	tests := []struct {
		err     error
		resumed bool // the lost session was wanted
		want    bool
	}{
		{asked, true, true},
		{asked, false, false},
		{&transport.ConnectError{Code: 4100}, true, true},
		{&transport.ConnectError{Code: 4100}, false, false},
		{&transport.HandshakeError{Step: "connect", Code: -1}, true, false}, // CONNECT was not written, or had no room for it
		{&transport.HandshakeError{Step: "open", Code: -1}, true, false},
		{errNoRoute, true, false},
		{errors.New("of a dialler that is not this library's"), true, true}, // who knows
	}
	for _, tt := range tests {
		if f := c.cfg.dialFailure(tt.err, tt.resumed); f.Resumed != tt.want {
			t.Errorf("%v, resuming %v: %v, want %v", tt.err, tt.resumed, f.Resumed, tt.want)
		}
	}
}

func TestSessionEnd(t *testing.T) {
	c := newScripted(t).c
	last := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	known := transport.End{PeerKnows: true, KeepsSession: true}
	tests := []struct {
		cause error
		ended transport.End
		keeps bool
		is    error
	}{
		{transport.ErrServerClose, known, true, ErrServerDisconnect},
		{&transport.CloseError{Code: 1012}, known, true, nil},
		{transport.ErrServerDisconnect, transport.End{PeerKnows: true}, false, ErrServerDisconnect},
		{&transport.LostError{Err: errNoRoute}, known, true, nil},
		{&transport.DeadLinkError{Silence: time.Minute}, transport.End{KeepsSession: true}, true, ErrLinkDead},
		{transport.ErrReconnect, transport.End{KeepsSession: true}, true, core.ErrReconnect},
		{transport.ErrWriteTimeout, transport.End{KeepsSession: true}, true, transport.ErrWriteTimeout},
		{fmt.Errorf("%w of 9 bytes", transport.ErrFrameTooBig), known, false, ErrTooLarge},
		{&transport.ProtocolError{Fault: "x"}, known, false, ErrProtocol},
		{core.ErrDeaf, transport.End{KeepsSession: true}, true, ErrUnresponsive}, // the machine forgets it itself
	}
	for _, tt := range tests {
		e := c.cfg.sessionEnd(&scriptedSession{known: tt.ended, last: last}, tt.cause)
		if e.KeepsSession != tt.keeps || e.PeerKnows != tt.ended.PeerKnows || !e.LastHeard.Equal(last) {
			t.Errorf("%v: %+v", tt.cause, e)
		}
		if large := errors.Is(tt.cause, transport.ErrFrameTooBig); e.TooLarge != large || (e.Blame != nil) != large {
			t.Errorf("%v: too large %v, to blame %v", tt.cause, e.TooLarge, e.Blame)
		}
		if e.Err == nil || tt.is != nil && !errors.Is(e.Err, tt.is) {
			t.Errorf("%v is told as %v", tt.cause, e.Err)
		}
	}
}

func TestRefusalRetryable(t *testing.T) {
	for code, want := range map[int]bool{
		0: false, 1: false, 401: false, 403: false, 404: false, 429: true, 500: false, 503: true,
		4000: false, 4009: false, 4099: false, 4100: true, 4150: true, 4199: true, 4200: true, 4299: true, 4300: false, -1: false,
	} {
		if got := refusalRetryable(&SubscribeError{Code: code}); got != want {
			t.Errorf("code %d: %v", code, got)
		}
	}
}

func TestAuthRetryable(t *testing.T) {
	tests := []struct {
		err       error
		retryable bool
		after     time.Duration
	}{
		{&auth.RetryError{Status: 503}, true, 0},
		{&auth.RetryError{Status: 429, After: 40 * time.Second}, true, 40 * time.Second},
		{fmt.Errorf("wrapped: %w", &auth.RetryError{After: time.Second}), true, time.Second},
		{context.DeadlineExceeded, true, 0},
		{fmt.Errorf("wrapped: %w", context.Canceled), true, 0},
		{&auth.DeniedError{Status: 403}, false, 0},
		{&auth.AnswerError{}, false, 0},
		{&PanicError{Value: "oh"}, false, 0},
		{errors.New("of the user's own callback"), false, 0},
	}
	for _, tt := range tests {
		if retryable, after := authRetryable(tt.err); retryable != tt.retryable || after != tt.after {
			t.Errorf("%v: %v after %v", tt.err, retryable, after)
		}
	}
}
