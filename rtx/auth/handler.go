package auth

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"

	"github.com/go-json-experiment/json"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// ErrUnauthenticated is what a [Handler]'s allow function returns for somebody who is not logged in, or whose token has
// expired: the answer is 401, upon which an [Endpoint] with a [Token] gets a new one and asks again.
var ErrUnauthenticated = errors.New("auth: not logged in")

// A Decision is what a [Handler]'s allow function decides. The zero Decision denies.
type Decision struct {
	Allow bool
	// Member is who joins, on presence channels, where it must have an ID. It is ignored on private ones.
	Member Member
}

// The content types of a request.
const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// defaultMaxBody is the default of MaxBody.
const defaultMaxBody = 64 << 10

// A HandlerOption changes a [Handler]. A nil one is ignored.
type HandlerOption func(*handler)

// MaxBody bounds the body of a request, in bytes; a longer one is answered with 413. Default: 64 KiB, also for n < 1.
func MaxBody(n int) HandlerOption {
	return func(h *handler) {
		if n > 0 {
			h.maxBody = n
		}
	}
}

// Logger is told of an allow function that fails or panics, and of a Decision that can't be signed. Default:
// [slog.Default], at the time of the event.
func Logger(l *slog.Logger) HandlerOption {
	return func(h *handler) { h.logger = l }
}

type handler struct {
	signer  *Signer
	allow   func(*http.Request, Request) (Decision, error)
	maxBody int
	logger  *slog.Logger
	origins map[string]bool // of other origins, those whose pages may ask; see AllowOrigin
	faults  []error         // of options
}

// Handler returns the backend's side of an [Endpoint]: it reads which channel is asked for, asks allow, and signs. It works
// with every client of the service that posts JSON, or a form (application/x-www-form-urlencoded) of the same fields, in
// which user_data is JSON text.
//
// allow sees the HTTP request, with its cookies and headers, and decides; it is called by the goroutine that serves the
// request, so by many at once. What it decides about is the Request that it is given: that is what will be signed. The body
// can be read again, but for fields of the program's own only. An allow that looked for the channel there could find another
// one than was signed, because parsers differ in which of two spellings or copies of a name they take. The user data in
// the Request is the client's word and proves nothing, and neither does the API key that is the default bearer: it is public.
//
// Answers other than a grant are JSON too, {"error":"…"}, and hold nothing of the request:
//
//   - 405 for a method other than POST, 415 for a content type other than these two, 413 for a body longer than [MaxBody].
//   - 400 for a body that is no such JSON or form, for a socket_id, channel_name or user_data that stands there twice, and for
//     a socket id or channel name that the [Signer] refuses. Other fields may be anything.
//   - 401 if allow returns [ErrUnauthenticated], 403 if it denies: the zero Decision, a panic, or, on a presence channel,
//     a Member that can't be signed. The panic of [http.ErrAbortHandler] goes on to the server, which ends the request.
//   - 403 for a form that a browser sends for a page of another origin, unless [AllowOrigin] names that. (Such a page can send
//     JSON only after a preflight, which is answered with 405, or as AllowOrigin says.)
//   - 500 if allow returns any other error: it could not decide. An Endpoint asks again later.
//
// A byte order mark before the body is dropped. Half a surrogate pair in a string is U+FFFD, as JSON.parse and the service
// have it.
//
// Handler panics if s is nil or was not made by [NewSigner], if allow is nil, and for an option that can't be used: such a
// program never works.
func Handler(s *Signer, allow func(*http.Request, Request) (Decision, error), opts ...HandlerOption) http.Handler {
	if s.usable() != nil || allow == nil {
		panic("auth: Handler needs a Signer, made by NewSigner, and an allow function")
	}
	h := &handler{signer: s, allow: allow, maxBody: defaultMaxBody, origins: make(map[string]bool)}
	for _, opt := range opts {
		if opt != nil {
			opt(h)
		}
	}
	if len(h.faults) > 0 {
		panic("auth: Handler: " + errors.Join(h.faults...).Error())
	}
	return h
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // a signature is for one connection and one moment
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h.cors(w, r)
	if h.isPreflight(r) {
		if err := h.preflight(w, r); err != nil {
			refuse(w, err)
		}
		return
	}
	g, err := h.serve(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, g)
}

// refusal is an answer other than a grant.
type refusal struct {
	status int
	reason string
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) (Grant, *refusal) {
	asked, body, no := h.read(w, r)
	if no != nil {
		return Grant{}, no
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	d, err := h.decide(r, asked)
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return Grant{}, &refusal{http.StatusUnauthorized, "not logged in"}
	case err != nil:
		h.log().ErrorContext(r.Context(), "auth: allow failed", "channel", asked.Channel, "error", h.hideIn(r, err))
		return Grant{}, &refusal{http.StatusInternalServerError, "could not decide"}
	case !d.Allow:
		return Grant{}, &refusal{http.StatusForbidden, "not allowed"}
	}
	g, err := h.sign(asked, d)
	if err != nil {
		h.log().ErrorContext(r.Context(), "auth: the decision can't be signed", "channel", asked.Channel, "error", err)
		return Grant{}, &refusal{http.StatusForbidden, "not allowed"}
	}
	return g, nil
}

// read checks everything about the request that needs no decision.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (Request, []byte, *refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Request{}, nil, &refusal{http.StatusMethodNotAllowed, "the method must be POST"}
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != jsonType && mediaType != formType {
		return Request{}, nil, &refusal{http.StatusUnsupportedMediaType, "the content type must be " + jsonType + " or " + formType}
	}
	if mediaType == formType && h.crossOrigin(r) {
		return Request{}, nil, &refusal{http.StatusForbidden, "forms of another origin are not allowed"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.maxBody)))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Request{}, nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", h.maxBody)}
	}
	if err != nil {
		return Request{}, nil, &refusal{http.StatusBadRequest, "the body is incomplete"}
	}
	body = withoutBOM(body)
	read := readJSON
	if mediaType == formType {
		read = readForm
	}
	asked, fault := read(body)
	if fault != "" {
		return Request{}, nil, &refusal{http.StatusBadRequest, fault}
	}
	if fault := socketFault(asked.SocketID); fault != "" {
		return Request{}, nil, &refusal{http.StatusBadRequest, "socket_id: " + fault}
	}
	if fault := channelFault(asked.Channel, h.signer.invisible); fault != "" {
		return Request{}, nil, &refusal{http.StatusBadRequest, "channel_name: " + fault}
	}
	return asked, body, nil
}

// readJSON reads a request; fault tells why it can't be read.
func readJSON(body []byte) (r Request, fault string) {
	const noRequest = "the body must be a JSON object with the strings socket_id and channel_name"
	fields, twice, ok := readObject(body, "socket_id", "channel_name", "user_data")
	switch {
	case !ok:
		return Request{}, noRequest
	case twice != "":
		return Request{}, twice + " stands there twice"
	}
	if r.SocketID, ok = stringOf(fields["socket_id"]); !ok {
		return Request{}, noRequest
	}
	if r.Channel, ok = stringOf(fields["channel_name"]); !ok {
		return Request{}, noRequest
	}
	r.UserData = stdjson.RawMessage(fields["user_data"])
	return r, ""
}

// readForm reads a request that is a form.
func readForm(body []byte) (r Request, fault string) {
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return Request{}, "the body must be a form with socket_id and channel_name"
	}
	for _, name := range []string{"socket_id", "channel_name", "user_data"} {
		if len(fields[name]) > 1 {
			return Request{}, name + " stands there twice"
		}
	}
	r.SocketID, r.Channel = fields.Get("socket_id"), fields.Get("channel_name")
	if data := fields.Get("user_data"); data != "" {
		if !validJSON([]byte(data)) {
			return Request{}, "user_data: not JSON text"
		}
		r.UserData = stdjson.RawMessage(data)
	}
	return r, ""
}

// decide asks allow. A panic denies, unless it is the one by which a handler ends the request.
func (h *handler) decide(r *http.Request, asked Request) (d Decision, err error) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			d, err = Decision{}, nil
			what := fmt.Sprintf("%T", v) // the value may hold anything, so only the runtime's own are shown
			if e, ok := v.(runtime.Error); ok {
				what = e.Error()
			}
			h.log().ErrorContext(r.Context(), "auth: allow panicked", "channel", asked.Channel, "panic", what, "stack", string(debug.Stack()))
		}
	}()
	return h.allow(r, asked)
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

// hideIn returns an error for the log as it is, or its text without the secrets of the request and the Signer's if that
// shows one.
func (h *handler) hideIn(r *http.Request, err error) any {
	secrets := redact.Of(h.signer.secret.Reveal()).WithHeader(r.Header.Get("Authorization"))
	for _, c := range r.Cookies() {
		secrets = secrets.With(c.Value)
	}
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
	b, err := json.Marshal(v)
	if err != nil { // strings in structs: they marshal, but for invalid UTF-8, which nothing here has
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
