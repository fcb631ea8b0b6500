package advice

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Real servers, none of which is the service, and what a real handshake makes of them.
func TestWhatTheNetworkSays(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		_ = ws.Write(r.Context(), websocket.MessageText, []byte("hello"))
		_, _, _ = ws.Read(r.Context())
	})
	serve := func(h http.Handler) *httptest.Server {
		server := httptest.NewUnstartedServer(h)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(server.Close)
		return server
	}
	plain, secure, echoes := serve(http.NotFoundHandler()), serve(http.NotFoundHandler()), serve(echo)
	plain.Start()
	secure.StartTLS()
	echoes.Start()
	raw := listenTLS(t)
	at := func(scheme string, s *httptest.Server) string { return scheme + "://" + s.Listener.Addr().String() }

	for _, test := range []struct{ name, url, want string }{
		{"TLS to a plain port", at("wss", plain), "SERVICE does not speak TLS: give WithURL with ws:// in place of wss://"},
		{"plain to a web server with TLS", at("ws", secure), "SERVICE is no RealtimeX server (HTTP 400): check WithURL; if it speaks TLS, give WithURL with wss:// in place of ws://"},
		{"plain to a TLS port", "ws://" + raw, "SERVICE speaks TLS: give WithURL with wss:// in place of ws://"},
		{"an unknown authority", at("wss", secure), "SERVICE shows a certificate that can't be trusted: check the host in WithURL"},
		{"another server", at("ws", plain), "SERVICE is no RealtimeX server (HTTP 404): check WithURL"},
		{"another path", at("ws", plain) + "/rt/", `SERVICE is no RealtimeX server (HTTP 404): check WithURL, and its path "/rt/": the usual one is /socket.io/`},
		{"another WebSocket server", at("ws", echoes), "SERVICE is no RealtimeX server (what it sends is not the protocol): check WithURL"},
		{"nobody", "ws://127.0.0.1:1", "nothing listens at SERVICE: check WithURL, and that the server is up"},
	} {
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		dialer, err := transport.NewDialer(transport.Config{URL: u, APIKey: "a-key"})
		if err != nil {
			t.Fatal(err)
		}
		session, err := dialer.Dial(t.Context(), transport.Resume{})
		if err == nil {
			session.Close(nil)
			t.Errorf("%s: there is a session", test.name)
			continue
		}
		service := u.Scheme + "://" + u.Host
		if got := strings.ReplaceAll(Library(service, u.Path).Connection(Of(err)), service, "SERVICE"); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s\nfrom %v", test.name, got, test.want, err)
		}
	}
}

// listenTLS plays a server that takes what is no TLS as OpenSSL does, with an alert. Go's own says
// nothing.
func listenTLS(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte("\x15\x03\x01\x00\x02\x02\x46"))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}
