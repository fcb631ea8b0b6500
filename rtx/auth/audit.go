package auth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// A Verdict says how a [Handler] has answered for one channel. The zero Verdict is VerdictDenied.
type Verdict uint8

const (
	VerdictDenied          Verdict = iota // allow returned a Decision that denies: 403
	VerdictAllowed                        // the channel was signed for: 200
	VerdictUnauthenticated                // the error of allow matched ErrUnauthenticated: 401
	VerdictFailed                         // allow failed or panicked, or its Decision can't be signed: 500 or 403
	VerdictInvalid                        // the request can't be read, or nobody may sign for that name: 400, 405, 413 or 415
	VerdictCrossOrigin                    // a browser sent it for a page of an origin that is not allowed: 403
)

var verdictNames = [...]string{"denied", "allowed", "unauthenticated", "failed", "invalid", "cross-origin"}

// String returns the verdict as a word, such as "allowed".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown"
}

// MarshalText returns the text of String, for encoding/json and others.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// LogValue implements [slog.LogValuer] with the text of String.
func (v Verdict) LogValue() slog.Value { return slog.StringValue(v.String()) }

// An Audit says what a [Handler] has decided about one channel: who was let into what, or who was
// refused and why. It has no secret, no signature and no socket id, so it can be logged and kept.
// From the Reason of a Decision and from Err, the tokens, cookies and the socket id of the request
// and the secrets of the Signer are removed; the text of Err is cut at 200 bytes.
type Audit struct {
	Verdict Verdict
	Status  int // the HTTP status of the answer; in a batch, of the answer for this channel

	// Channel is the channel that was asked for. It is "" if the request was not read so far. If
	// nobody may sign for the name, Channel is at most 200 printable bytes of it.
	Channel string
	// User is the ID of the Member in the Decision. allow can set it on private channels too, and
	// in a Decision that denies. It is "" if allow did not set it.
	User string
	// Reason says why: the Reason of the Decision or, if that is empty, what the answer says.
	Reason string
	// Err is the error of allow, what it panicked with, or why the Decision can't be signed. It is
	// nil for Verdicts other than VerdictFailed and VerdictUnauthenticated.
	Err error
}

// LogValue implements [slog.LogValuer]. It returns a group of the fields that are set: verdict,
// channel, user, status, reason, error.
func (a Audit) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("verdict", a.Verdict.String())}
	if a.Channel != "" {
		attrs = append(attrs, slog.String("channel", a.Channel))
	}
	if a.User != "" {
		attrs = append(attrs, slog.String("user", a.User))
	}
	if a.Status != 0 {
		attrs = append(attrs, slog.Int("status", a.Status))
	}
	if a.Reason != "" {
		attrs = append(attrs, slog.String("reason", a.Reason))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// MarshalJSON implements [json.Marshaler]. It writes the same fields as LogValue, as an object.
func (a Audit) MarshalJSON() ([]byte, error) {
	fields := struct {
		Verdict Verdict `json:"verdict"`
		Channel string  `json:"channel,omitempty"`
		User    string  `json:"user,omitempty"`
		Status  int     `json:"status,omitempty"`
		Reason  string  `json:"reason,omitempty"`
		Error   string  `json:"error,omitempty"`
	}{a.Verdict, a.Channel, a.User, a.Status, a.Reason, ""}
	if a.Err != nil {
		fields.Error = a.Err.Error()
	}
	return json.Marshal(fields)
}

// WithAudit calls audit for each decision of a [Handler]: once for each channel that a request asks
// for, in the order of the request, also in a batch. It calls audit once, without a channel, for a
// request that can't be read, and for a preflight that is refused. A preflight that is answered
// decides nothing and is not reported.
//
// audit gets the HTTP request that allow got, for the address and for what middleware has put in
// its context. That request has the cookies and tokens of the user, so log the Audit and not the
// request.
//
// The goroutine that serves the request calls audit, so several calls can run at the same time. The
// answer is sent after audit has returned, so a slow audit delays it. Whether the answer arrives is
// not known. If audit panics, the log has it, and the channel gets 500 in place of a grant, so that
// nobody is let in without a report. A panic with [http.ErrAbortHandler] is passed on. If allow
// panics with that, audit is not called.
//
// If WithAudit is given several times, the last one counts. A nil audit is invalid. Default: none.
func WithAudit(audit func(r *http.Request, a Audit)) HandlerOption {
	return handlerOption(func(h *handler) error {
		if audit == nil {
			return errors.New("WithAudit: nil")
		}
		h.audit = audit
		return nil
	})
}

// report tells the audit how a channel was decided. It reports false if the audit has panicked.
func (h *handler) report(r *http.Request, asked Request, a Audit, no *refusal) (reported bool) {
	if h.audit == nil {
		return true
	}
	secrets := h.secretsOf(r).With(asked.SocketID)
	a.Reason, a.Err = secrets.Hide(a.Reason), secrets.Error(a.Err)
	a.Status = http.StatusOK
	if no != nil {
		a.Status = no.status
		if a.Reason == "" {
			a.Reason = no.reason
		}
	}
	if a.Channel = asked.Channel; channelFault(asked.Channel, h.signer.invisible) != "" {
		a.Channel = redact.Secrets{}.Text(asked.Channel)
	}
	defer func() {
		if what := panicText(recover()); what != "" {
			h.log().ErrorContext(r.Context(), "auth: audit panicked", "channel", a.Channel, "panic", what, "stack", string(debug.Stack()))
		}
	}()
	h.audit(r, a)
	return true
}

// reportUnread tells the audit of a request that got no further.
func (h *handler) reportUnread(r *http.Request, no *refusal) {
	verdict := VerdictInvalid
	if no.status == http.StatusForbidden || asPreflight(r) {
		verdict = VerdictCrossOrigin
	}
	h.report(r, Request{}, Audit{Verdict: verdict}, no)
}

// secretsOf returns what a log must not show of a request, and of the Signer.
func (h *handler) secretsOf(r *http.Request) redact.Secrets {
	secrets := redact.Of(h.signer.secrets()...).WithHeader(r.Header.Get("Authorization"))
	for _, c := range r.Cookies() {
		secrets = secrets.With(c.Value)
	}
	return secrets
}
