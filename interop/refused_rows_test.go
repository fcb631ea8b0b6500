package interop_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The lines of the client.
const (
	failed   = "WARN rtx: subscription failed"
	retrying = "WARN rtx: subscription is not confirmed, trying again"
)

// The states.
const (
	ended = "channel unsubscribed, stream ended"
	waits = "channel subscribing, stream waits"
	in    = "channel subscribed"
)

// What the service says when it does not take a signature.
var badSignature = []string{"*rtx.SubscribeError", `rtx: subscribing to "private-orders": refused by the service: "Invalid signature" (code 4003)`}

// denied is a refusal of private-orders by the backend, and retry one that can pass.
func denied(why string) []string {
	return []string{"*auth.DeniedError", `auth: channel "private-orders" is refused: ` + why}
}

func retry(why string) []string {
	return []string{"*auth.RetryError", `auth: channel "private-orders" can't be authorised now` + why}
}

func badAnswer(why string) []string {
	return []string{"*auth.AnswerError", `auth: channel "private-orders" is refused: ` + why}
}

// answers is a backend that answers everything alike.
func answers(status int, header http.Header, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

var refusals = []refusal{
	// The client.
	{
		cause: "no backend is set",
		err:   []string{"rtx.ErrAuthRequired", "rtx: private and presence channels need WithAuth or WithAuthEndpoint"},
		state: ended,
		todo:  "`rtx.WithAuthEndpoint`, or `rtx.WithAuth`",
		play:  func(*scene) {},
	},
	{
		cause: "the endpoint is plain `http` on another machine",
		err:   []string{"*rtx.OptionError", "rtx: WithAuth: auth: Endpoint: plain http to backend.example would show the bearer to others: use https, or WithPlainHTTP"},
		state: "there is no client",
		todo:  "`https`; on a network that is your own `auth.WithPlainHTTP`",
		play:  func(s *scene) { s.asks("http://backend.example/auth", goodToken) },
	},
	{
		cause: "the endpoint is on the RealtimeX service itself",
		err:   denied("HTTP 404: not found; the endpoint is on the RealtimeX server itself, which signs for nobody: it must be your own backend"),
		state: ended, log: "WARN rtx: the auth endpoint is on the RealtimeX server's own host and port; it must be your own backend\n" + failed,
		todo: "give the URL of your own backend",
		play: func(s *scene) { s.asks(s.srv.URL()+"/auth", goodToken) },
	},
	{
		cause: "the client's API key is wrong",
		err:   []string{"*rtx.ConnectError", `rtx: the service refused the API key: check the API key, and that WithURL is the service it is for`},
		state: "client failed",
		todo:  "give the key of this app. It comes before any channel: `Dial` and `Connect` return the error",
		play: func(s *scene) {
			s.asks(s.serve(s.right()), goodToken)
			s.key = "not-the-key-of-this-app"
		},
	},
	{
		cause: "your own `auth.Func` returns an error",
		err:   []string{"your error", "no vault"},
		state: ended, log: failed,
		todo: "return an `*auth.RetryError` for what can pass",
		play: func(s *scene) {
			s.opts = append(s.opts, rtx.WithAuth(auth.Func(func(context.Context, auth.Request) (auth.Grant, error) {
				return auth.Grant{}, errors.New("no vault")
			})))
		},
	},

	// The user.
	{
		cause: "no session",
		err:   denied("HTTP 401: unauthorized"),
		state: ended, log: failed, audit: "unauthenticated: not logged in",
		todo: "log in, and give the session: `auth.WithToken`, or `auth.WithHTTPClient` with a cookie jar. Without either the client sends the API key, which is no session",
		play: func(s *scene) { s.opts = append(s.opts, rtx.WithAuthEndpoint(s.serve(s.right()))) },
	},
	{
		cause: "the session has expired, and `auth.WithToken` gets a new one",
		state: in, audit: "allowed",
		todo: "nothing: the backend is asked once more, with the new token",
		play: func(s *scene) {
			s.opts = append(s.opts, rtx.WithAuth(auth.Endpoint(s.serve(s.right()), auth.WithToken(func(_ context.Context, refused bool) (string, error) {
				if refused {
					return goodToken, nil
				}
				return badToken, nil
			}))))
		},
	},
	{
		cause: "the session has expired, and the new token is refused too",
		err:   denied("HTTP 401: unauthorized, with a new token too"),
		state: ended, log: failed, audit: "unauthenticated: not logged in",
		todo: "log in again, and open the stream anew",
		play: func(s *scene) {
			s.opts = append(s.opts, rtx.WithAuth(auth.Endpoint(s.serve(s.right()), fixedToken(badToken))))
		},
	},
	{
		cause: "the session has ended while the channel was subscribed",
		err:   denied("HTTP 401: unauthorized, with a new token too"),
		state: ended, log: failed, audit: "unauthenticated: not logged in",
		todo: "as above. It shows at the next reconnection, which needs a new signature, and not before: to take somebody out at once, disconnect them. The stream's last gap has `Ended`",
		play: func(s *scene) {
			var over atomic.Bool
			s.opts = append(s.opts, rtx.WithAuth(auth.Endpoint(s.serve(s.right()), auth.WithToken(func(context.Context, bool) (string, error) {
				if over.Load() {
					return badToken, nil
				}
				return goodToken, nil
			}))))
			s.joined = func() { over.Store(true) }
		},
	},
	{
		cause: "getting the token fails",
		err:   denied("no token: the login page is closed"),
		state: ended, log: failed,
		todo: "return an `*auth.RetryError`, or the error of the network, from the function of `auth.WithToken` for what can pass",
		play: func(s *scene) {
			s.opts = append(s.opts, rtx.WithAuth(auth.Endpoint(s.serve(s.right()), auth.WithToken(func(context.Context, bool) (string, error) {
				return "", errors.New("the login page is closed")
			}))))
		},
	},
	{
		cause: "wrong channel: this user may not join it",
		err:   []string{"*auth.DeniedError", `auth: channel "private-user-bob" is refused: HTTP 403: forbidden`},
		state: ended, log: failed, audit: "denied: not a channel of ann's",
		todo: "let the user in, by the function of `auth.Handler`, or do not ask",
		play: func(s *scene) {
			s.channel = "private-user-bob"
			s.asks(s.serve(s.right()), goodToken)
		},
	},
	{
		cause: "wrong channel, asked for with others in one request (`auth.WithBatch`)",
		err:   []string{"*auth.DeniedError", `auth: channel "private-user-bob" is refused: HTTP 403: forbidden`},
		state: ended, log: failed, audit: "denied: not a channel of ann's",
		todo: "as above. The other channels of the request are joined",
		play: func(s *scene) {
			s.also, s.channel = "private-orders", "private-user-bob"
			right, requests := s.right(), new(atomic.Int64)
			s.asks(s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 1 {
					s.Error("the two channels are not asked for with one request")
				}
				right.ServeHTTP(w, r)
			})), goodToken, auth.WithBatch(time.Second, 2))
		},
	},
	{
		cause: "a channel name that nobody may sign for",
		err:   []string{"*auth.DeniedError", `auth: channel "private-orders:1" is refused: HTTP 400: bad request`},
		state: ended, log: failed, audit: "invalid: channel_name: has a colon",
		todo: "choose a name without colons and invisible characters (`auth.WithInvisibleNames` takes the latter)",
		play: func(s *scene) {
			s.channel = "private-orders:1"
			s.asks(s.serve(s.right()), goodToken)
		},
	},

	// The backend.
	{
		cause: "the backend is down",
		err:   retry(": dial tcp BACKEND: connect: connection refused"),
		state: waits, log: retrying,
		todo: "start it: the client asks again, with back-off",
		play: func(s *scene) {
			addr, right := closedPort(s), s.right()
			s.asks("http://"+addr, goodToken)
			s.heal = func() { s.serveAt(addr, right) }
		},
	},
	{
		cause: "the backend is slow",
		err:   retry(": no answer in time"),
		state: waits, log: retrying,
		todo: "make it faster, or wait longer: `auth.WithTimeout`. The client asks again",
		play: func(s *scene) {
			slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
				<-r.Context().Done()
			})
			s.asks(s.serve(s.until(slow, s.right())), goodToken, auth.WithTimeout(100*time.Millisecond))
		},
	},
	{
		cause: "too many requests",
		err:   retry(": HTTP 429"),
		state: waits, log: retrying,
		todo: "nothing: the client asks again, after the `Retry-After` of the answer. If it is the rule, leave more room, or ask for several channels at once",
		play: func(s *scene) {
			busy := answers(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}, "slow down")
			s.asks(s.serve(s.until(busy, s.right())), goodToken)
		},
	},
	{
		cause: "the backend can't decide: its function returns an error",
		err:   []string{"*auth.RetryError", `auth: channel "private-broken" can't be authorised now: HTTP 500`},
		state: waits, log: retrying, audit: "failed: could not decide",
		todo: "see the log of the backend. The client asks again",
		play: func(s *scene) {
			s.channel = "private-broken"
			open := auth.Handler(s.signer(s.srv.Key(), s.srv.Secret()), func(*http.Request, auth.Request) (auth.Decision, error) {
				return auth.Decision{Allow: true}, nil
			})
			s.asks(s.serve(s.until(s.right(), open)), goodToken)
		},
	},
	{
		cause: "the proxy before the backend finds none: 502, 503, 504",
		err:   retry(": HTTP 502"),
		state: waits, log: retrying,
		todo: "start it. The client asks again",
		play: func(s *scene) {
			s.asks(s.serve(s.until(answers(http.StatusBadGateway, nil, "<h1>Bad Gateway</h1>"), s.right())), goodToken)
		},
	},
	{
		cause: "a certificate that can't be verified",
		err:   retry(": tls: failed to verify certificate: x509: certificate signed by unknown authority"),
		state: waits, log: retrying,
		todo: "trust its authority: `auth.WithHTTPClient`. The client asks again, since a clock may be wrong",
		play: func(s *scene) {
			web := httptest.NewUnstartedServer(s.right())
			web.Config.ErrorLog = silent()
			web.StartTLS()
			s.Cleanup(web.Close)
			trusting := web.Client()
			var healed trust
			healed.strict = &http.Transport{}
			healed.trusting = trusting.Transport
			s.Cleanup(healed.strict.CloseIdleConnections)
			s.heal = healed.heal
			s.asks(web.URL, goodToken, auth.WithHTTPClient(&http.Client{Transport: &healed}))
		},
	},
	{
		cause: "a wrong path",
		err:   denied("HTTP 404: not found"),
		state: ended, log: failed,
		todo: "give the URL of the route",
		play: func(s *scene) {
			mux := http.NewServeMux()
			mux.Handle("/auth", s.right())
			s.asks(s.serve(mux)+"/realtimex/auth", goodToken)
		},
	},
	{
		cause: "a framework refuses it before your function: no CSRF token",
		err:   denied("HTTP 419: session expired"),
		state: ended, log: failed,
		todo: "send the token with `auth.WithHeader`, or take the route out of that check: see `examples/frameworks`. 403 is as usual as 419",
		play: func(s *scene) { s.asks(s.serve(answers(419, nil, "CSRF token mismatch.")), goodToken) },
	},
	{
		cause: "a redirect to a login page",
		err:   badAnswer("HTTP 302: answer's Location: a redirect that does not keep the method"),
		state: ended, log: failed,
		todo: "as for no session; and have the route answer 401",
		play: func(s *scene) {
			s.asks(s.serve(http.RedirectHandler("/login", http.StatusFound)), badToken)
		},
	},
	{
		cause: "an HTML page with 200",
		err:   badAnswer("HTTP 200: answer: not JSON"),
		state: ended, log: failed,
		todo: "have the route answer JSON. Most often it is a login page, or the page of an app that takes every path",
		play: func(s *scene) { s.asks(s.serve(answers(200, nil, "<!doctype html><title>Log in</title>")), badToken) },
	},
	{
		cause: "a presence channel signed without its member",
		err:   []string{"*auth.AnswerError", `auth: channel "presence-room" is refused: HTTP 200: answer's channel_data: missing, and there is no user data to send in its place`},
		state: ended, log: failed,
		todo: "answer with `channel_data`, the text that was signed",
		play: func(s *scene) {
			s.channel = "presence-room"
			s.asks(s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"auth":"`+s.srv.Sign("1", "presence-room", "")+`"}`)
			})), goodToken)
		},
	},

	// The signature.
	{
		cause: "wrong secret: the backend signs with that of another app, or with an old one",
		err:   badSignature, state: ended, log: failed, audit: "allowed",
		todo: "give the backend this app's secret. While it is being replaced, the order matters: see \"Replacing the secret\"",
		play: func(s *scene) {
			s.asks(s.serve(s.backend(s.signer(s.srv.Key(), "another-secret"))), goodToken)
		},
	},
	{
		cause: "wrong key: the backend signs for another app",
		err:   badSignature, state: ended, log: failed, audit: "allowed",
		todo: "give the backend this app's key, which is the client's API key",
		play: func(s *scene) {
			s.asks(s.serve(s.backend(s.signer("another-key", s.srv.Secret()))), goodToken)
		},
	},
	{
		cause: "a signature for another connection, out of a cache",
		err:   badSignature, state: ended, log: failed,
		todo: "keep the answer out of every cache: `auth.Handler` sends `Cache-Control: no-store`",
		play: func(s *scene) {
			s.asks(s.serve(answers(200, nil, `{"auth":"`+s.srv.Sign("another-socket-id", s.channel, "")+`"}`)), goodToken)
		},
	},
	{
		cause: "the service itself refuses the channel",
		err:   []string{"*rtx.SubscribeError", `rtx: subscribing to "private-orders": refused by the service: "Access denied" (code 4003)`},
		state: ended, log: failed, audit: "allowed",
		todo: "see the settings of the app at RealtimeX",
		play: func(s *scene) {
			s.srv.Deny(s.channel)
			s.asks(s.serve(s.right()), goodToken)
		},
	},
}
