package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A redirect is followed in the handshake, on the same host, and never later.
func TestPollingRedirects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := false
		s := newPollServer(t, nil)
		s.get = func(w http.ResponseWriter, r *http.Request) {
			if late {
				http.Redirect(w, r, "/moved/?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
				return
			}
			_, _ = io.WriteString(w, <-s.answers)
		}
		sess := s.mustDial(func(c *transport.Config) {
			client := *c.HTTPClient
			inner := client.Transport
			client.Transport = tripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == transport.DefaultPath {
					return &http.Response{
						StatusCode: http.StatusFound, Request: r, Body: http.NoBody,
						Header: http.Header{"Location": {"/elsewhere/?" + r.URL.RawQuery}},
					}, nil
				}
				return inner.RoundTrip(r)
			})
			c.HTTPClient = &client
		})
		for i, r := range s.seen() {
			if r.URL.Path != "/elsewhere/" {
				t.Errorf("request %d goes to %s", i, r.URL.Path)
			}
		}
		late = true
		if _, err := sess.Recv(); !errors.Is(err, transport.ErrRedirect) {
			t.Errorf("ended by %v", err)
		}
	})
}

// No error of a session over polling has the key or the session id, which every URL of it has.
func TestPollingErrorsHaveNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		sess := s.mustDial()
		s.ln.close() // of new connections
		s.answers <- ""
		_, err := received(sess)
		sess.Close(err)
		_, refused := s.dial()
		s2 := newPollServer(t, func(s *pollServer) { s.open = "<html>" })
		_, web := s2.dial()
		for _, err := range []error{err, refused, web} {
			text := fmt.Sprintf("%v %+v", err, err)
			if err == nil || strings.Contains(text, openSID) || strings.Contains(text, "k3y") || strings.Contains(text, "api_key") {
				t.Errorf("%s", text)
			}
			if !strings.Contains(text, "polling") {
				t.Errorf("%s does not name the transport", text)
			}
		}
	})
}

// The handshake's errors say where it failed, as those of a WebSocket do.
func TestPollingHandshakeErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		open   string
		status int
		want   transport.HandshakeError
	}{
		"refused":      {`{"code":5,"message":"Unsupported protocol version"}`, 400, transport.HandshakeError{Step: "open", Status: 400, Code: 5}},
		"out of order": {``, 503, transport.HandshakeError{Step: "open", Status: 503, Code: -1}},
		"a web page":   {`<html>`, 200, transport.HandshakeError{Step: "open", Code: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPollServer(t, nil)
				_, err := s.dial(func(c *transport.Config) {
					c.HTTPClient = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: tt.status, Request: r, Body: io.NopCloser(strings.NewReader(tt.open)), ContentLength: int64(len(tt.open))}, nil
					})}
				})
				var e *transport.HandshakeError
				if !errors.As(err, &e) || e.Step != tt.want.Step || e.Status != tt.want.Status || e.Code != tt.want.Code || e.Transport != transport.Polling {
					t.Errorf("%v", err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newPollServer(t, nil)
		s.ln.close()
		_, err := s.dial()
		var e *transport.HandshakeError
		if !errors.As(err, &e) || e.Step != "dial" {
			t.Errorf("no connection: %v", err)
		}
	})
}
