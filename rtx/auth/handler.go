package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/go-json-experiment/json"
)

// ErrUnauthenticated means that the user is not logged in, or that their token has expired. The
// allow function of a [Handler] returns it, and the answer is 401. An [Endpoint] with [WithToken]
// then gets a new token and asks once more.
var ErrUnauthenticated = errors.New("auth: not logged in")

// A Decision is what the allow function of a [Handler] decides. The zero Decision denies.
type Decision struct {
	Allow bool // whether the user may join

	// Member is the user who joins. It needs an ID on a presence channel. On a private channel, and
	// in a Decision that denies, the ID is only used by [WithAudit].
	Member Member

	// Reason says why, for [WithAudit]. The client does not get it. It may be empty.
	Reason string
}

// The content types of a request.
const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// The defaults of WithMaxBody and WithMaxBatch.
const (
	defaultMaxBody  = 64 << 10
	defaultMaxBatch = 100
)

// A HandlerOption changes a [Handler]. A nil option is ignored. Handler panics if an option is
// invalid, with the option's name.
type HandlerOption interface{ applyHandler(*handler) error }

type handlerOption func(*handler) error

func (o handlerOption) applyHandler(h *handler) error { return o(h) }

// WithMaxBody limits the body of a request to n bytes, at least 1. The answer to a longer one is
// 413. Default: 64 KiB.
func WithMaxBody(n int) HandlerOption {
	return handlerOption(func(h *handler) error {
		if n < 1 {
			return fmt.Errorf("WithMaxBody: %d is not positive", n)
		}
		h.maxBody = n
		return nil
	})
}

// WithMaxBatch limits how many channels one request may ask for to n, at least 1. The answer to a
// request for more is 413. With 1 every request is for one channel. Default: 100.
func WithMaxBatch(n int) HandlerOption {
	return handlerOption(func(h *handler) error {
		if n < 1 {
			return fmt.Errorf("WithMaxBatch: %d is not positive", n)
		}
		h.maxBatch = n
		return nil
	})
}

// WithLogger sets the logger of a [Handler]. It gets an error if the allow function fails or
// panics, and if a Decision can't be signed. A nil logger is invalid. Default: [slog.Default] at
// the time of the event.
func WithLogger(l *slog.Logger) HandlerOption {
	return handlerOption(func(h *handler) error {
		if l == nil {
			return errors.New("WithLogger: nil")
		}
		h.logger = l
		return nil
	})
}

type handler struct {
	signer   *Signer
	allow    func(*http.Request, Request) (Decision, error)
	maxBody  int
	maxBatch int
	logger   *slog.Logger
	origins  map[string]bool // of other origins, those whose pages may ask; see WithAllowedOrigins
	audit    func(*http.Request, Audit)
}

// Handler returns an HTTP handler that a backend serves to the [Endpoint] of its clients. It reads
// which channel the client wants to join, calls allow to decide, and signs with s. It works with
// every client of the service that posts JSON, or a form (application/x-www-form-urlencoded) with
// the same fields, in which user_data is JSON text.
//
// allow gets the HTTP request, with its cookies and headers, and the Request that Handler has read
// from the body. allow must decide about that Request, because it is what will be signed. The
// goroutine that serves the request calls allow, so several calls can run at the same time. allow
// may read the body again, but only for fields of your own. If it looked there for the channel, it
// could find another one than Handler signs, because parsers differ in which of two spellings or
// copies of a name they take. The user data in the Request is a claim of the client and proves
// nothing. The API key, which is the default bearer token, proves nothing either, because it is
// public.
//
// A request may ask for several channels at once, as an Endpoint with [WithBatch] does, and the
// batching add-on for pusher-js. In JSON channel_name is then an array of names. In a form there is
// a field channel_name[0], channel_name[1] and so on, or channel_name[] for each name. allow is
// called for one name after the other, and decides about each by itself. It gets the same HTTP
// request each time, so what it has to look up for all of them can be kept in the context of that
// request. A name that is there twice is decided once. The answer is 200 and an object with an
// outcome for each name: {"status":200,"data":{"auth":"…"}}, or {"status":403,"error":"…"} with the
// status that a request for that channel alone would get. If that is 401 for all of them, the
// answer is 401. docs/auth.md shows the whole form.
//
// An answer that is not a grant is JSON, {"error":"…"}, and repeats nothing of the request but the
// names of the channels of a batch:
//
//   - 405 if the method is not POST, 415 if the content type is not one of the two, 413 if the body
//     is longer than [WithMaxBody] allows, or has more channels than [WithMaxBatch] allows.
//   - 400 if the body is not such a JSON object or form, if socket_id, channel_name or user_data
//     appears twice, or if the [Signer] would refuse the socket id or the channel name. Other
//     fields are not checked.
//   - 401 if the error of allow matches [ErrUnauthenticated].
//   - 403 if allow returns a Decision that denies, if it panics, or if, on a presence channel, the
//     Member can't be signed. A panic with [http.ErrAbortHandler] is passed on to the HTTP server,
//     which aborts the request.
//   - 403 if a browser sends a form from a page of another origin, unless [WithAllowedOrigins]
//     allows that origin. Such a page can send JSON only after a preflight request. The answer to
//     that is 405, or what WithAllowedOrigins says.
//   - 500 if allow returns any other error. It means that allow could not decide; an Endpoint asks
//     again later.
//
// [WithAudit] reports each of these outcomes.
//
// A byte order mark before the body is ignored. A lone surrogate in a JSON string is read as
// U+FFFD, as JSON.parse and the service read it.
//
// Handler panics if s is nil or was not made by [NewSigner], if allow is nil, or if an option is
// invalid.
func Handler(s *Signer, allow func(*http.Request, Request) (Decision, error), opts ...HandlerOption) http.Handler {
	if s.usable() != nil || allow == nil {
		panic("auth: Handler needs a Signer, made by NewSigner, and an allow function")
	}
	h := &handler{
		signer: s, allow: allow, maxBody: defaultMaxBody, maxBatch: defaultMaxBatch, origins: make(map[string]bool),
	}
	var faults []error
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt.applyHandler(h); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		panic("auth: Handler: " + errors.Join(faults...).Error())
	}
	return h
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // a signature is for one connection and one moment
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h.cors(w, r)
	if h.isPreflight(r) {
		if no := h.preflight(w, r); no != nil {
			h.reportUnread(r, no)
			refuse(w, no)
		}
		return
	}
	q, no := h.read(w, r)
	if no != nil {
		h.reportUnread(r, no)
		refuse(w, no)
		return
	}
	if q.batch {
		h.serveBatch(w, r, q)
		return
	}
	g, no := h.serve(r, q, q.channels[0])
	if no != nil {
		refuse(w, no)
		return
	}
	answer(w, http.StatusOK, g)
}

// refusal is an answer other than a grant.
type refusal struct {
	status int
	reason string
}

// couldNotDecide is the answer when allow or audit has failed. An Endpoint asks again later.
var couldNotDecide = &refusal{http.StatusInternalServerError, "could not decide"}

// serve decides about one channel of the request, signs, and reports the outcome.
func (h *handler) serve(r *http.Request, q question, channel string) (Grant, *refusal) {
	asked := Request{SocketID: q.socketID, Channel: channel, UserData: q.userData}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(q.body)), int64(len(q.body))
	g, a, no := h.judge(r, asked)
	if !h.report(r, asked, a, no) && no == nil {
		return Grant{}, couldNotDecide
	}
	return g, no
}

// judge decides about one channel, and signs. The Audit has no status yet.
func (h *handler) judge(r *http.Request, asked Request) (Grant, Audit, *refusal) {
	if fault := channelFault(asked.Channel, h.signer.invisible); fault != "" {
		return Grant{}, Audit{Verdict: VerdictInvalid}, &refusal{http.StatusBadRequest, "channel_name: " + fault}
	}
	d, panicked, err := h.decide(r, asked)
	a := Audit{User: d.Member.ID, Reason: d.Reason}
	refused := func(verdict Verdict, err error, no *refusal) (Grant, Audit, *refusal) {
		a.Verdict, a.Err = verdict, err
		return Grant{}, a, no
	}
	switch {
	case panicked:
		return refused(VerdictFailed, err, &refusal{http.StatusForbidden, "not allowed"})
	case errors.Is(err, ErrUnauthenticated):
		return refused(VerdictUnauthenticated, err, &refusal{http.StatusUnauthorized, "not logged in"})
	case err != nil:
		h.log().ErrorContext(r.Context(), "auth: allow failed", "channel", asked.Channel, "error", h.hideIn(r, err))
		return refused(VerdictFailed, err, couldNotDecide)
	case !d.Allow:
		return refused(VerdictDenied, nil, &refusal{http.StatusForbidden, "not allowed"})
	}
	g, err := h.sign(asked, d)
	if err != nil {
		h.log().ErrorContext(r.Context(), "auth: the decision can't be signed", "channel", asked.Channel, "error", err)
		return refused(VerdictFailed, err, &refusal{http.StatusForbidden, "not allowed"})
	}
	a.Verdict = VerdictAllowed
	return g, a, nil
}

// decide asks allow. A panic denies, unless it is the one by which a handler ends the request. err
// says then what has panicked.
func (h *handler) decide(r *http.Request, asked Request) (d Decision, panicked bool, err error) {
	defer func() {
		if what := panicText(recover()); what != "" {
			d, panicked, err = Decision{}, true, errors.New("allow panicked: "+what)
			h.log().ErrorContext(r.Context(), "auth: allow panicked", "channel", asked.Channel, "panic", what, "stack", string(debug.Stack()))
		}
	}()
	d, err = h.allow(r, asked)
	return d, false, err
}

// panicText returns what a log may show of a panic; "" if there was none. It passes on the panic by
// which a handler ends the request.
func panicText(v any) string {
	switch e := v.(type) {
	case nil:
		return ""
	case runtime.Error:
		return e.Error()
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares so as well
		panic(v)
	}
	return fmt.Sprintf("%T", v) // the value may hold a secret
}

func (h *handler) sign(asked Request, d Decision) (Grant, error) {
	if !asked.Presence() {
		return h.signer.Private(asked.SocketID, asked.Channel)
	}
	data, err := d.Member.ChannelData()
	if err != nil {
		return Grant{}, err
	}
	return h.signer.Presence(asked.SocketID, asked.Channel, data)
}

// hideIn returns an error for the log as it is, or its text without the secrets of the request and
// the Signer's if that shows one.
func (h *handler) hideIn(r *http.Request, err error) any {
	secrets := h.secretsOf(r)
	if text := err.Error(); secrets.Shows(text) {
		return secrets.Hide(text)
	}
	return err
}

func (h *handler) log() *slog.Logger {
	if h.logger != nil {
		return h.logger
	}
	return slog.Default()
}

func refuse(w http.ResponseWriter, no *refusal) {
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	answer(w, no.status, struct {
		Error string `json:"error"`
	}{no.reason})
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil { // only invalid UTF-8 does not marshal here, and there is none
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
