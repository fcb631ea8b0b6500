package transport_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
				w := newOwner(t, d, transport.SupervisorOptions{Logger: newLogger(&log)})
				w.resume = transport.Resume{PID: "pid-secret", Offset: "offset-secret"}
				var prints []any
				w.up = func(s transport.Session) {
					w.sup.Established(s)
					prints = append(prints, s, s.Info(), struct{ S transport.Info }{s.Info()})
				}
				err := w.sup.Connect(t.Context(), false)
				if (err == nil) != (way == nil) {
					t.Errorf("Connect: %v", err)
				}
				time.Sleep(2 * time.Second)
				w.sup.Close()
				prints = append(prints, err, c, &c, struct{ C transport.Config }{c}, d, w.resume, &w.resume)
				for e := err; e != nil; e = errors.Unwrap(e) {
					prints = append(prints, e)
				}
				for _, n := range w.all("down") {
					prints = append(prints, n.cause)
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
				newLogger(&log).Info("values", "config", c, "dialer", d, "resume", w.resume, "error", err)
				check(t, "the log", log.String())
				if !strings.Contains(log.String(), "transport: dialing") {
					t.Errorf("nothing was logged: %s", log.String())
				}
			})
		})
	}
}
