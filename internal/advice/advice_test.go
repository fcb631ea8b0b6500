package advice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// names are short, so that a table shows where each of them stands.
var names = Names{
	Service: "ws://h", URL: "URL", Key: "KEY", Endpoint: "ENDPOINT", OnServer: "ONSERVER",
	Proxy: "PROXY", Sign: "SIGN", Signed: "SIGNED", Connect: "CONNECT", Again: "AGAIN", Subscribe: "SUBSCRIBE",
}

func TestConnection(t *testing.T) {
	handshake := func(step string, status int, cause error) error {
		return &transport.HandshakeError{Step: step, Status: status, Code: -1, Err: cause}
	}
	const key = "the service refused the API key: check KEY, and that URL is the service it is for"
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"wrong key, by code", &transport.ConnectError{Message: "no", Code: 4001}, key},
		{"wrong key, in words", &transport.ConnectError{Message: "Invalid API Key"}, key},
		{"wrong key, by status", handshake("upgrade", http.StatusUnauthorized, nil), key},
		{"forbidden", handshake("upgrade", http.StatusForbidden, nil), key},
		{"forbidden for another reason", &transport.HandshakeError{Step: "upgrade", Status: 403, Code: 4, Message: "Host not allowed"},
			`ws://h refused the handshake (HTTP 403): "Host not allowed": check URL`},
		{"refused for good", &transport.ConnectError{Message: "App disabled", Code: 4003}, `ws://h refused the connection: "App disabled" (code 4003)`},
		{"refused, no code", &transport.ConnectError{Message: "no"}, `ws://h refused the connection: "no"`},
		{"over capacity", &transport.ConnectError{Message: "Over capacity", Code: 4100}, `ws://h refused the connection: "Over capacity" (code 4100): try again later`},
		{"come back", &transport.ConnectError{Message: "moved", Code: 4200}, `ws://h refused the connection: "moved" (code 4200): try again`},
		{"redirect", handshake("upgrade", 302, transport.ErrRedirect), "ws://h redirects to another host, which is not followed: give that one as URL"},
		{"too many", handshake("upgrade", 429, nil), "ws://h is asked too often (HTTP 429): try again later"},
		{"out of service", handshake("upgrade", 503, nil), "ws://h is not in service now (HTTP 503): try again later"},
		{"a login page", handshake("upgrade", 511, nil), "the network wants a login (HTTP 511): open a web page in a browser, and log in there"},
		{"another server", handshake("upgrade", 404, nil), "ws://h is no RealtimeX server (HTTP 404): check URL"},
		{"a web page", handshake("upgrade", 200, nil), "ws://h is no RealtimeX server (HTTP 200): check URL"},
		{"bad request", handshake("upgrade", 400, nil), "ws://h is no RealtimeX server (HTTP 400): check URL; if it speaks TLS, give URL with wss:// in place of ws://"},
		{"an older Engine.IO", &transport.HandshakeError{Step: "upgrade", Status: 400, Code: 5, Message: "Unsupported protocol version"},
			`ws://h refused the handshake (HTTP 400): "Unsupported protocol version": check URL`},
		{"no WebSocket", handshake("upgrade", 101, errors.New("the answer is no WebSocket upgrade")), "ws://h is no RealtimeX server (what answers there makes no WebSocket): check URL"},
		{"another WebSocket", handshake("open", 0, &transport.ProtocolError{Fault: "got pong"}), "ws://h is no RealtimeX server (what it sends is not the protocol): check URL"},
		{"no such host", handshake("dial", 0, &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}), `there is no host "h": check URL`},
		{"no name server", handshake("dial", 0, &net.DNSError{Err: "server misbehaving", Name: "h"}), `the host "h" could not be looked up: check the network`},
		{"nobody listens", handshake("dial", 0, fmt.Errorf("dial: %w", syscall.ECONNREFUSED)), "nothing listens at ws://h: check URL, and that the server is up"},
		{"no route", handshake("dial", 0, syscall.EHOSTUNREACH), "there is no way to ws://h: check URL and the network"},
		{"TLS to a plain port", handshake("dial", 0, tls.RecordHeaderError{Msg: "no"}), "ws://h does not speak TLS: give URL with ws:// in place of wss://"},
		{"TLS to a plain port, by net/http", handshake("dial", 0, http.ErrSchemeMismatch), "ws://h does not speak TLS: give URL with ws:// in place of wss://"},
		{"certificate", handshake("dial", 0, &tls.CertificateVerificationError{Err: errors.New("no")}), "ws://h shows a certificate that can't be trusted: check the host in URL"},
		{"certificate of another", handshake("dial", 0, x509.HostnameError{Certificate: new(x509.Certificate), Host: "h"}), "ws://h shows a certificate that can't be trusted: check the host in URL"},
		{"proxy wants a password", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Status: 407}),
			"the proxy p:1 wants a user and a password (HTTP 407): give them in PROXY, as http://user:password@host:port"},
		{"proxy does not know the password", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Status: 401}),
			"the proxy p:1 does not take this user and password (HTTP 401): check PROXY"},
		{"proxy refuses", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Status: 403}),
			"the proxy p:1 refuses to connect to ws://h (HTTP 403): ask who runs it, or name the host in NO_PROXY"},
		{"proxy can't reach it", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Status: 502}), "the proxy p:1 can't reach ws://h (HTTP 502): check URL and the network"},
		{"no proxy there", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Err: syscall.ECONNREFUSED}), "nothing listens at the proxy p:1: check PROXY"},
		{"proxy hangs", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Err: context.DeadlineExceeded}), "the proxy p:1 did not answer in time: check PROXY and the network"},
		{"proxy breaks off", handshake("dial", 0, &transport.ProxyError{Proxy: "p:1", Err: errors.New("EOF")}), "the proxy p:1 did not connect to ws://h: EOF: check PROXY"},
		{"proxy unknown", handshake("dial", 0, &transport.ProxyError{}), "the proxy did not connect to ws://h: check PROXY"},
		{"hanging", handshake("open", 0, context.DeadlineExceeded), "ws://h did not answer in time: check URL and the network"},
		{"given up", errors.Join(context.DeadlineExceeded, handshake("dial", 0, syscall.ECONNREFUSED)),
			"nothing listens at ws://h: check URL, and that the server is up"},
		{"close frame", handshake("connect", 0, &transport.CloseError{Code: 1008, Reason: "no"}), `ws://h closed the connection: code 1008 "no"`},
		{"close frame without words", &transport.CloseError{Code: 1001}, "ws://h closed the connection: code 1001"},
		{"sent away", handshake("connect", 0, transport.ErrServerDisconnect), "ws://h ended the connection at once: check KEY"},
		{"broken off", handshake("open", 0, errors.New("transport: EOF")), "can't connect to ws://h: EOF: check URL"},
		{"broken off for no reason", handshake("open", 0, nil), "can't connect to ws://h: it did not end the handshake: check URL"},
		{"unknown", errors.New("anything"), ""},
		{"nothing", nil, ""},
	} {
		if got := names.Connection(Of(test.err)); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestConnectionThatWas(t *testing.T) {
	for want, err := range map[string]error{
		"ws://h ended the connection":                                    transport.ErrServerDisconnect,
		"nothing came from ws://h for 45s":                               &transport.DeadLinkError{Silence: 45 * time.Second},
		"the connection to ws://h broke: read: connection reset by peer": &transport.LostError{Err: fmt.Errorf("transport: read: %w", syscall.ECONNRESET)},
		"": transport.ErrReconnect,
	} {
		f := Of(err)
		f.Before = true
		if got := names.Connection(f); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWrongPath(t *testing.T) {
	for path, want := range map[string]string{
		"":            "ws://h is no RealtimeX server (HTTP 404): check URL",
		"/socket.io":  "ws://h is no RealtimeX server (HTTP 404): check URL",
		"/socket.io/": "ws://h is no RealtimeX server (HTTP 404): check URL",
		"/realtime/":  `ws://h is no RealtimeX server (HTTP 404): check URL, and its path "/realtime/": the usual one is /socket.io/`,
	} {
		n := names
		n.Path = path
		if got := n.Connection(Fault{Step: "upgrade", Status: 404}); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", path, got, want)
		}
	}
}

func TestChannel(t *testing.T) {
	for want, r := range map[string]Refusal{
		`channel "a": the auth endpoint has nothing there (HTTP 404: not found): check ENDPOINT`:             {Channel: "a", Status: 404, Reason: "not found", Err: errors.New("x")},
		`channel "a": the auth endpoint refused it (HTTP 403): is this user allowed there?`:                  {Channel: "a", Status: 403, Err: errors.New("x")},
		`channel "a": the auth endpoint refused it (HTTP 419: session expired): is this user allowed there?`: {Channel: "a", Status: 419, Reason: "session expired"},
		`channel "a": the auth endpoint refused it (HTTP 401): ONSERVER`:                                     {Channel: "a", Status: 401, OnServer: true},
		`channel "a": the auth endpoint has nothing there (HTTP 404): ONSERVER`:                              {Channel: "a", Status: 404, OnServer: true},
		`channel "a": the auth endpoint's answer can't be used (auth missing): check ENDPOINT`:               {Channel: "a", Answer: "auth missing", Err: errors.New("x")},
		`channel "a": the auth endpoint's answer can't be used (auth missing): ONSERVER`:                     {Channel: "a", Answer: "auth missing", OnServer: true},
		`channel "a": the service did not answer`:                                                            {Channel: "a", Silent: true, Err: errors.New("x")},
		`channel "a": x`: {Channel: "a", Err: errors.New("auth: x")},
		`channel "a" was refused by the service: "Invalid signature" (code 4003): SIGNED`: {Channel: "a", Code: 4003, Message: "Invalid signature"},
		`channel "a" was refused by the service: SIGNED`:                                  {Channel: "a"},
		`channel "a.b" was refused by the service: ".[31m" (code 1): SIGNED`:              {Channel: "a\nb", Code: 1, Message: "\x1b[31m"},
	} {
		if got := names.Channel(r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	for _, test := range [][2]string{
		{names.NotSubscribed("a"), `channel "a" is not subscribed: SUBSCRIBE`},
		{names.NotConnected("a", false), `channel "a": there is no connection to ws://h yet: CONNECT`},
		{names.NotConnected("", true), "the connection to ws://h was lost: AGAIN"},
		{names.NeedsAuth("a"), `channel "a" needs a signature: SIGN`},
		{names.NeedsAuth(""), "the channel needs a signature: SIGN"},
	} {
		if test[0] != test[1] {
			t.Errorf("got  %s\nwant %s", test[0], test[1])
		}
	}
}

// A reader who has no names gets the same sentence, without what to do.
func TestWithoutNames(t *testing.T) {
	bare := Names{Service: "ws://h"}
	for want, f := range map[string]Fault{
		"the service refused the API key":                          {Refused: true, Code: 4001},
		"nothing listens at ws://h":                                {Err: syscall.ECONNREFUSED},
		"ws://h does not speak TLS: give ws:// in place of wss://": {Err: http.ErrSchemeMismatch},
		"ws://h redirects to another host, which is not followed":  {Redirect: true},
		"ws://h is no RealtimeX server (HTTP 404)":                 {Status: 404},
		"ws://h ended the connection at once":                      {Left: true},
		"ws://h is no RealtimeX server (HTTP 400)":                 {Status: 400},
	} {
		if got := bare.Connection(f); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// The names that a program knows the settings by are all given.
func TestLibrary(t *testing.T) {
	n := Library("wss://h", "")
	for _, test := range [][2]string{
		{n.Connection(Fault{Err: http.ErrSchemeMismatch}), "wss://h does not speak TLS: give WithURL with ws:// in place of wss://"},
		{n.Connection(Fault{Status: 401}), "the service refused the API key: check the API key, and that WithURL is the service it is for"},
		{n.NotSubscribed("a"), `channel "a" is not subscribed: open a stream on it or call Subscribe first, and keep it`},
		{n.NotConnected("a", true), `channel "a": the connection to wss://h was lost: States tells when there is one again`},
		{n.NotConnected("", false), "there is no connection to wss://h yet: call Connect first"},
		{n.NeedsAuth("a"), `channel "a" needs a signature: give WithAuthEndpoint, your backend's URL, or WithAuth`},
		{n.Channel(Refusal{Channel: "a", Status: 404}), `channel "a": the auth endpoint has nothing there (HTTP 404): check WithAuthEndpoint`},
	} {
		if test[0] != test[1] {
			t.Errorf("got  %s\nwant %s", test[0], test[1])
		}
	}
}

// What others say is bounded and printable, wherever it stands.
func TestWordsOfOthers(t *testing.T) {
	long := strings.Repeat("\x1b[2J", 1000)
	for _, text := range []string{
		names.Connection(Fault{Refused: true, Message: long}),
		names.Connection(Fault{Status: 400, Message: long}),
		names.Connection(Fault{Close: 1000, Reason: long}),
		names.Connection(Fault{Step: "open", Cause: errors.New(long)}),
		names.Connection(Fault{Before: true, Cause: errors.New(long)}),
		names.Connection(Fault{Err: &net.DNSError{Name: long, IsNotFound: true}}),
		names.Channel(Refusal{Channel: "a", Message: long}),
		names.Channel(Refusal{Channel: "a", Err: errors.New(long)}),
		names.NotSubscribed(long),
		Bare(&fs.PathError{Op: "open", Path: "secret", Err: errors.New(long)}),
	} {
		if len(text) > 400 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(text, "secret") {
			t.Errorf("%d bytes: %q", len(text), text)
		}
	}
}
