package transport_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// lockedBuffer takes the log of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// No print, error or log line shows the key, plain or escaped, the Engine.IO
// session id, a recovery id or a header.
func TestSecretsStaySecret(t *testing.T) {
	secrets := []string{testKey, url.QueryEscape(testKey), openSID, "pid-secret", "offset-secret", "header-secret"}
	check := func(t *testing.T, what, text string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %q:\n%s", what, s, text)
			}
		}
	}
	ways := map[string]func(*server, *transport.Config){
		"good":    nil,
		"refused": func(s *server, _ *transport.Config) { s.ln.close() },
		"error": func(s *server, _ *transport.Config) {
			s.accept = func(w http.ResponseWriter, r *http.Request) bool { http.Error(w, r.URL.String(), 404); return false }
		},
		"redirect": func(s *server, _ *transport.Config) {
			s.accept = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://x/?"+r.URL.RawQuery, http.StatusFound)
				return false
			}
		},
		"tripper": func(_ *server, c *transport.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, errors.New("can't get " + r.URL.String())
			})}
		},
		"raw tripper": func(_ *server, c *transport.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, errors.New("can't use " + testKey)
			})}
		},
		"url error": func(_ *server, c *transport.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("inner")}
			})}
		},
		"hanging": func(s *server, c *transport.Config) { s.script = func(p *peer) { p.drain() } },
		"44": func(s *server, c *transport.Config) {
			s.script = func(p *peer) {
				p.send(openPacket)
				p.read()
				p.send(`44{"message":"` + testKey + ` or ` + url.QueryEscape(testKey) + ` in ` + openSID + `"}`)
				p.drain()
			}
		},
		"close reason": func(s *server, c *transport.Config) {
			s.script = func(p *peer) {
				p.send(openPacket)
				p.read()
				_ = p.ws.Close(4000, testKey)
			}
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lockedBuffer
				srv := newServer(t, func(p *peer) {
					p.send(openPacket)
					p.read()
					p.send(`40{"sid":"s","pid":"pid-secret"}`)
					time.Sleep(time.Second)
					p.send("9")
					p.drain()
				})
				c := srv.config()
				c.Logger = newLogger(&log)
				c.Header = http.Header{"Authorization": {"header-secret"}}
				if way != nil {
					way(srv, &c)
				}
				d := mustDialer(t, c)
				resume := transport.Resume{PID: "pid-secret", Offset: "offset-secret"}
				s, err := d.Dial(t.Context(), resume)
				if (err == nil) != (way == nil) {
					t.Errorf("Dial: %v", err)
				}
				prints := []any{c, &c, struct{ C transport.Config }{c}, d, resume, &resume}
				if err == nil {
					prints = append(prints, s, s.Info(), struct{ S transport.Info }{s.Info()})
					_, err = s.Recv()
					s.Close(err)
					prints = append(prints, s.Ended().Err)
				}
				prints = append(prints, err)
				for e := err; e != nil; e = errors.Unwrap(e) {
					prints = append(prints, e)
				}
				for _, v := range prints {
					for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
						if format == "%#v" && v != nil {
							if _, isErr := v.(error); isErr {
								continue // Go's own error types print as they like
							}
						}
						check(t, fmt.Sprintf("%s of %T", format, v), fmt.Sprintf(format, v))
					}
				}
				newLogger(&log).Info("values", "config", c, "dialer", d, "resume", resume, "error", err)
				check(t, "the log", log.String())
				if !strings.Contains(log.String(), "transport: dialing") {
					t.Errorf("nothing was logged: %s", log.String())
				}
			})
		})
	}
}

const signature = "app-key:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// What the server quotes of what it was sent is in no error of the session.
func TestServerQuotesSecrets(t *testing.T) {
	key, sum, _ := strings.Cut(signature, ":")
	for quoted, want := range map[string]string{
		"bad auth " + signature:               "bad auth [redacted]",
		"bad signature " + sum:                "bad signature [redacted]",
		"no app with the key " + key:          "no app with the key [redacted]",
		"bearer header-secret":                "bearer [redacted]",
		"cookie c00kie":                       "cookie [redacted]",
		"trace trace-1234":                    "trace [redacted]",
		"token token-1234":                    "token [redacted]",
		"key " + testKey:                      "key [redacted]",
		"key " + url.QueryEscape(testKey):     "key [redacted]",
		"session " + openSID:                  "session [redacted]",
		"socket socket-secret":                "socket [redacted]",
		"pid pid-secret":                      "pid [redacted]",
		"resumed from earlier-pid at 1718-0":  "resumed from [redacted] at [redacted]",
		"\x1b[31mred\u202e\x7f":               ".[31mred..",
		"region eu, retry 7, transport known": "region eu, retry 7, transport known",
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.send(openPacket)
				p.read()
				p.send(`40{"sid":"socket-secret","pid":"pid-secret"}`)
				p.read()
				_ = p.ws.Close(4000, quoted)
			})
			c := srv.config()
			c.URL.RawQuery = "region=eu&token=token-1234"
			c.Header = http.Header{"authorization": {"Bearer header-secret"}, "Cookie": {"a=c00kie"}, "X-Trace": {"trace-1234"}, "X-Retry": {"7"}}
			sess, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{PID: "earlier-pid", Offset: "1718-0"})
			if err != nil {
				t.Fatal(err)
			}
			defer sess.Close(nil)
			sess.Hide(signature)
			if err := sess.Send(t.Context(), []byte(`2["subscribe"]`)); err != nil {
				t.Fatal(err)
			}
			_, err = sess.Recv()
			var closed *transport.CloseError
			if !errors.As(err, &closed) || closed.Reason != want {
				t.Errorf("%q is told as %q, want %q", quoted, err, want)
			}
		})
	}
}

// Hide is bounded: the newest are hidden.
func TestHideIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sign := func(i int) string { return fmt.Sprintf("signature-%04d", i) }
		last := 0
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.read()
			_ = p.ws.Close(4000, sign(0)+" "+sign(last-transport.MaxHidden)+" "+sign(last-transport.MaxHidden+1)+" "+sign(last)+" "+strings.Repeat("y", 60))
		})
		sess := srv.mustDial()
		for ; last < 3*transport.MaxHidden/2; last++ {
			sess.Hide(sign(last))
		}
		sess.Hide(sign(last), strings.Repeat("y", 4<<10+1), "")
		if err := sess.Send(t.Context(), []byte(`2["e"]`)); err != nil {
			t.Fatal(err)
		}
		_, err := sess.Recv()
		want := sign(0) + " " + sign(last-transport.MaxHidden) + " [redacted] [redacted] " + strings.Repeat("y", 60)
		var closed *transport.CloseError
		if !errors.As(err, &closed) || closed.Reason != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

// A key of a few letters is hidden where it stands alone, and leaves words alone.
func TestShortKey(t *testing.T) {
	for message, want := range map[string]string{
		"Transport unknown": `"Transport unknown"`,
		"no key un here":    `"no key [redacted] here"`,
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, nil)
			srv.accept = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(400)
				_, _ = fmt.Fprintf(w, `{"code":0,"message":%q}`, message)
				return false
			}
			_, err := srv.dial(func(c *transport.Config) { c.APIKey = "un" })
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("err = %v, want it to end in %s", err, want)
			}
		})
	}
}

// An error of the network is bounded and printable at each level, shows no secret, and is still of
// its kind.
func TestWrappedErrorsAreFit(t *testing.T) {
	below := func(err error) error { return &url.Error{Op: "Get", URL: "http://pipe.test", Err: err} }
	mark := errors.New("mark")
	tests := []struct {
		name string
		err  error
		is   error
	}{
		{"5 MB", fmt.Errorf("%s: %w", strings.Repeat("x", 5<<20), mark), mark},
		{"ESC", fmt.Errorf("\x1b[31m: %w", mark), mark},
		{"the key, below", below(fmt.Errorf("%s: %w", testKey, mark)), mark},
		{"the key, far below", fmt.Errorf("clean: %w", &quiet{errors.Join(errors.New(url.QueryEscape(testKey)), mark)}), mark},
		{"a timeout of the network", &net.OpError{Op: "dial", Net: testKey, Err: os.ErrDeadlineExceeded}, os.ErrDeadlineExceeded},
		{"a refused connection", &net.OpError{Op: "dial", Net: testKey, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, syscall.ECONNREFUSED},
		{"an ended context", fmt.Errorf("%s: %w", testKey, context.Canceled), context.Canceled},
	}
	for _, tt := range tests {
		c := benchConfig
		c.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })}
		_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		fit(t, tt.name, err)
		if !errors.Is(err, tt.is) {
			t.Errorf("%s: %v is no longer %v", tt.name, err, tt.is)
		}
		if want, ok := errors.AsType[net.Error](tt.err); ok {
			var got interface{ Timeout() bool }
			if !errors.As(err, &got) || got.Timeout() != want.Timeout() {
				t.Errorf("%s: a timeout is no longer told", tt.name)
			}
		}
	}
}

// quiet is an error whose own words say nothing of the one below.
type quiet struct{ err error }

func (q *quiet) Error() string { return "quiet" }
func (q *quiet) Unwrap() error { return q.err }

// fit walks the chain of an error.
func fit(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
	}
	for level := 0; err != nil; level++ {
		text := err.Error()
		if len(text) > 400 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) ||
			strings.Contains(text, testKey) || strings.Contains(text, url.QueryEscape(testKey)) {
			t.Errorf("%s: level %d, of %d bytes, reads %.500q", name, level, len(text), text)
		}
		err = errors.Unwrap(err)
	}
}

func TestStatusLineOf5MB(t *testing.T) {
	for name, line := range map[string]string{
		"status":  "HTTP/1.1 " + strings.Repeat("x", 5<<20) + "\r\n\r\n",
		"reason":  "HTTP/1.1 400 " + strings.Repeat("x", 5<<20) + "\r\n\r\n",
		"no HTTP": "\x1b[31m" + strings.Repeat(testKey, 1000) + "\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, nil)
			srv.accept = func(w http.ResponseWriter, _ *http.Request) bool {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return false
				}
				_, _ = conn.Write([]byte(line))
				_ = conn.Close()
				return false
			}
			_, err := srv.dial()
			fit(t, name, err)
		})
	}
}

// The names in a certificate are somebody's words too.
func TestCertificateWithControlCharacters(t *testing.T) {
	ts, _ := loopback(t, true, exchange)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"\x1b[31mred.test", strings.Repeat("long.", 100) + "test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	ts.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	c := configFor(t, ts)
	c.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, ts.Listener.Addr().String())
	}}}
	c.URL.Host = "service.test"
	_, err = mustDialer(t, c).Dial(t.Context(), transport.Resume{})
	fit(t, "certificate", err)
	var other x509.HostnameError
	var bad *tls.CertificateVerificationError
	if !errors.As(err, &other) || !errors.As(err, &bad) || !strings.Contains(err.Error(), "red.test") {
		t.Errorf("err = %v, want a HostnameError with the certificate's names", err)
	}
}
