package rtx_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// portals are what a network answers with that wants a login first.
var portals = map[string]handshake{
	"a page":     {status: 200, header: "Content-Type: text/html\r\n", body: "<html>Welcome to our hotel</html>"},
	"a redirect": {status: 302, header: "Location: http://login.test/?from=hotel\r\n"},
	"HTTP 511":   {status: 511, header: "Content-Type: text/html\r\n", body: "<html>Log in</html>"},
}

// A client that was connected meets a captive portal, tries on without haste, gives its key to
// nobody else, and is back soon after the login.
func TestCaptivePortal(t *testing.T) {
	for name, portal := range portals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHostileService(t)
				defer func() { s.close(); time.Sleep(time.Minute) }()
				c, err := rtx.New("key", rtx.WithURL("ws://pipe.test"), rtx.WithHTTPClient(s.client()))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := c.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // the service may still be at the end of its greeting
				states := c.States(t.Context())
				const login = 10 * time.Minute
				s.mu.Lock()
				for range 1000 {
					s.plans = append(s.plans, portal)
				}
				s.dials = 0
				s.mu.Unlock()
				s.connection().cut()
				time.Sleep(login)
				s.mu.Lock()
				tries := s.dials
				s.plans = nil
				s.mu.Unlock()
				// Delays have full jitter under a bound that grows to 30 s: some 40 in ten minutes.
				if tries < 10 || tries > 100 {
					t.Errorf("%d attempts in %v", tries, login)
				}
				why, start := map[string]int{}, time.Now()
				for st := range states.C {
					var failed *rtx.DialError
					if st.State == rtx.StateReconnecting && errors.As(st.Err, &failed) {
						if failed.Step != rtx.StepUpgrade || !failed.Retryable || failed.Status != portal.status {
							t.Fatalf("%#v", failed)
						}
						why[st.Err.Error()]++
					}
					if st.State == rtx.StateConnected && len(why) > 0 {
						break
					}
				}
				want := map[string]string{
					"a page":     "rtx: ws://pipe.test is no RealtimeX server (HTTP 200): check WithURL",
					"a redirect": "rtx: ws://pipe.test redirects to another host, which is not followed: give that one as WithURL",
					"HTTP 511":   "rtx: the network wants a login (HTTP 511): open a web page in a browser, and log in there",
				}[name]
				if len(why) != 1 || why[want] == 0 {
					t.Errorf("the states say %v, want %s", why, want)
				}
				if late := time.Since(start); late > 30*time.Second {
					t.Errorf("back %v after the login", late)
				}
			})
		})
	}
}

// A program that starts behind a portal is told at once, and with WithConnectRetry waits.
func TestConnectBehindAPortal(t *testing.T) {
	for name, portal := range portals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHostileService(t)
				defer func() { s.close(); time.Sleep(time.Minute) }()
				s.plans = []handshake{portal, portal, portal}
				for _, retry := range []bool{false, true} {
					opts := []rtx.Option{rtx.WithURL("ws://pipe.test"), rtx.WithHTTPClient(s.client())}
					if retry {
						opts = append(opts, rtx.WithConnectRetry())
					}
					c, err := rtx.New("key", opts...)
					if err != nil {
						t.Fatal(err)
					}
					var failed *rtx.DialError
					if err := c.Connect(t.Context()); (err == nil) != retry || !retry && (!errors.As(err, &failed) || failed.Status != portal.status) {
						t.Errorf("retry %v: %v", retry, err)
					}
					_ = c.Close()
				}
			})
		})
	}
}
