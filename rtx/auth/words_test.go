package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The words of our own in an error are fewer than these bytes.
const ownWords = 200

// checkWords looks at each level that errors.Unwrap leads to, and at what fmt makes of the whole.
func checkWords(t *testing.T, name string, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	check := func(level int, text string) {
		t.Helper()
		if len(text) > ownWords+200 {
			t.Errorf("%s: level %d has %d bytes", name, level, len(text))
			text = text[:500]
		}
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: level %d does not print: %q", name, level, text)
		}
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s: level %d shows %q: %q", name, level, s, text)
			}
		}
	}
	level := 0
	var walk func(error)
	walk = func(err error) {
		level++
		check(level, err.Error())
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if below := e.Unwrap(); below != nil {
				walk(below)
			}
		case interface{ Unwrap() []error }:
			for _, below := range e.Unwrap() {
				walk(below)
			}
		}
	}
	walk(err)
	for _, verb := range []string{"%v", "%+v", "%s"} {
		check(0, fmt.Sprintf(verb, err))
	}
}

var errMark = errors.New("mark")

// Whatever a RoundTripper quotes of what it was sent, no level of the error shows it.
func TestErrorsShowNoSecretOfARoundTripper(t *testing.T) {
	const (
		bearer = "tok-0123456789"
		header = "hdr-0123456789"
		field  = "fld-0123456789"
		path   = "/path-0123456789?k=qry-0123456789&bare-0123456789"
		basic  = "Basic YW5uOnBhc3N3b3JkLTAxMg==" // ann:password-012
	)
	token := auth.WithToken(func(context.Context, bool) (string, error) { return bearer, nil })
	headers := auth.WithHeader(http.Header{"X-Api-Key": {header}})
	for _, c := range []struct {
		name    string
		opts    []auth.EndpointOption
		secrets []string
	}{
		{"key", nil, []string{apiKey}},
		{"bearer", []auth.EndpointOption{token}, []string{bearer}},
		{"header", []auth.EndpointOption{headers}, []string{header, apiKey}},
		{"password", []auth.EndpointOption{auth.WithHeader(http.Header{"Authorization": {basic}})}, []string{"YW5uOnBhc3N3b3JkLTAxMg", "password-012"}},
		{"field", []auth.EndpointOption{auth.WithField("key", field), auth.WithField("more", map[string]string{"a": field})}, []string{field}},
		{"field of a form", []auth.EndpointOption{auth.WithField("key", field), auth.WithForm()}, []string{field}},
	} {
		secrets := append(c.secrets, "path-0123456789", "qry-0123456789", "bare-0123456789")
		network := over(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			var all strings.Builder
			all.WriteString(fmt.Sprint("with qry-0123456789 of bare-0123456789: ", r.URL, r.Header, string(body)))
			for _, h := range r.Header {
				all.WriteString(" " + strings.Join(h, " "))
			}
			deep := fmt.Errorf("deep %s: %w", all.String(), errMark)
			return nil, fmt.Errorf("%s %s: %w", all.String(), secrets[0]+" password-012", &under{"clean", errors.Join(deep)})
		})
		_, err := auth.Endpoint("https://backend.example"+path, append(c.opts, network)...).Authorize(t.Context(), presence())
		checkWords(t, c.name, err, secrets...)
		if retry, ok := errors.AsType[*auth.RetryError](err); !ok || !errors.Is(err, errMark) {
			t.Errorf("%s: %v %v, want a RetryError in which errors.Is finds the cause", c.name, err, retry)
		}
		if e, ok := errors.AsType[*under](err); ok {
			t.Errorf("%s: errors.As hands out %v, which leads to a secret", c.name, e)
		}
	}
}

type under struct {
	text string
	err  error
}

func (u *under) Error() string { return u.text }
func (u *under) Unwrap() error { return u.err }

// A key of few letters is no reason to blank them out of other words.
func TestErrorsHideWholeTokensOnly(t *testing.T) {
	r := private()
	r.Key = auth.NewSecret("un")
	network := over(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("Transport unknown for key un: un=unused")
	})
	_, err := auth.Endpoint(fakeURL, network).Authorize(t.Context(), r)
	if want := "Transport unknown for key [redacted]: [redacted]=unused"; err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
		t.Errorf("%v, want %q in it", err, want)
	}
}

func TestErrorsAreCutAt200Bytes(t *testing.T) {
	for n, want := range map[int]string{
		200: strings.Repeat("x", 200), 201: strings.Repeat("x", 197) + "…", 5 << 20: strings.Repeat("x", 197) + "…",
	} {
		network := over(func(*http.Request) (*http.Response, error) { return nil, errors.New(strings.Repeat("x", n)) })
		_, err := auth.Endpoint(fakeURL, network).Authorize(t.Context(), private())
		retry, _ := errors.AsType[*auth.RetryError](err)
		if retry == nil || retry.Err.Error() != want {
			t.Errorf("%d bytes: %.300v, want %d bytes", n, err, len(want))
			continue
		}
		checkWords(t, "a long text", err)
	}
}

// A proxy's refusal is in its own words: the status line.
func TestErrorsOfAProxy(t *testing.T) {
	for name, words := range map[string]string{
		"ESC":  "502 \x1b[2J" + apiKey,
		"5 MB": "502 " + strings.Repeat("x", 5<<20),
	} {
		proxy := backend(t, func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 "+words+"\r\n\r\n")
			_ = c.Close()
		})
		at, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(at)}}
		t.Cleanup(client.CloseIdleConnections)
		_, err = endpoint(t, "https://backend.example/", auth.WithHTTPClient(client)).Authorize(t.Context(), private())
		checkWords(t, name, err, apiKey)
		if _, ok := errors.AsType[*auth.RetryError](err); !ok {
			t.Errorf("%s: %.300v, want a RetryError", name, err)
		}
	}
}

// A certificate is words of the peer's, too.
func TestErrorsOfACertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"},
		DNSNames:  []string{"\x1b[2J" + apiKey, strings.Repeat("x", 5000)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(client.CloseIdleConnections)
	to := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	_, err = endpoint(t, to, auth.WithHTTPClient(client)).Authorize(t.Context(), private())
	checkWords(t, "DNS names", err, apiKey)
	if !strings.Contains(err.Error(), "x509: certificate is valid for") {
		t.Errorf("%v, want what is wrong with the certificate", err)
	}
}

// The types that programs look for are found in what is shown in other words.
func TestErrorsKeepTheirTypes(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	_, err := endpoint(t, s.URL).Authorize(t.Context(), private())
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("%v: errors.As does not find the TLS error", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	_, err = endpoint(t, gone.URL).Authorize(t.Context(), private())
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("%v: errors.As does not find the network's error", err)
	}
}

func TestErrorsOfATokenShowNoSecret(t *testing.T) {
	const old, renewed = "old-0123456789", "new-0123456789"
	for _, c := range []struct {
		name  string
		err   error
		retry bool
		after time.Duration
	}{
		{"its own", fmt.Errorf("%s is refused, %s too: %w", old, renewed, errMark), false, 0},
		{"below", &under{"logged out", fmt.Errorf("%s: %w", old, errMark)}, false, 0},
		{"ESC and 5 MB", fmt.Errorf("\x1b[2J%s: %w", strings.Repeat("x", 5<<20), errMark), false, 0},
		{"to be tried again", &auth.RetryError{After: time.Minute, Err: fmt.Errorf("%s: %w", old, errMark)}, true, time.Minute},
		{"to be tried again never", &auth.RetryError{After: time.Hour, Err: errMark}, true, 10 * time.Minute},
		{"the network's", &net.OpError{Op: "dial", Err: fmt.Errorf("%s: %w", old, errMark)}, true, 0},
	} {
		token := auth.WithToken(func(_ context.Context, refused bool) (string, error) {
			if refused {
				return renewed, c.err
			}
			return old, nil
		})
		network := over(func(r *http.Request) (*http.Response, error) { return reply(r, 401, ""), nil })
		_, err := auth.Endpoint(fakeURL, network, token).Authorize(t.Context(), private())
		checkWords(t, c.name, err, old, renewed)
		retry, ok := errors.AsType[*auth.RetryError](err)
		if ok != c.retry || ok && (retry.After != c.after || retry.Channel != "private-a") || !errors.Is(err, errMark) {
			t.Errorf("%s: %v, want to be tried again: %v after %v, and the cause found", c.name, err, c.retry, c.after)
		}
	}
}

func TestErrorsOfAFuncShowNoSecret(t *testing.T) {
	request := presence()
	request.UserData = []byte(`{"phone":"0123456789"}`)
	for _, c := range []struct {
		name  string
		err   error
		retry bool
	}{
		{"its own", fmt.Errorf("with %s: %w", apiKey, errMark), false},
		{"user data", fmt.Errorf("with %s or %q: %w", request.UserData, request.UserData, errMark), false},
		{"to be tried again", fmt.Errorf("%s: %w", apiKey, &auth.RetryError{After: time.Minute, Err: fmt.Errorf("%s: %w", apiKey, errMark)}), true},
		{"a long one to be tried again", fmt.Errorf("%s: %w", strings.Repeat("x", 1000), &auth.RetryError{After: time.Minute, Err: errMark}), true},
		{"a clean one to be tried again", &auth.RetryError{After: time.Minute, Err: errMark}, true},
	} {
		_, err := auth.Func(func(context.Context, auth.Request) (auth.Grant, error) { return auth.Grant{Auth: signed}, c.err }).Authorize(t.Context(), request)
		checkWords(t, c.name, err, apiKey, "0123456789\"}", `0123456789\"}`)
		retry, ok := errors.AsType[*auth.RetryError](err)
		if ok != c.retry || ok && retry.After != time.Minute || !errors.Is(err, errMark) {
			t.Errorf("%s: %v, want to be tried again: %v, and the cause found", c.name, err, c.retry)
		}
	}
}

// A timeout is one although its own words can't be shown.
func TestErrorsStayTimeouts(t *testing.T) {
	network := over(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: apiKey, Name: apiKey, IsTimeout: true}
	})
	_, err := auth.Endpoint(fakeURL, network).Authorize(t.Context(), private())
	checkWords(t, "timeout", err, apiKey)
	if retry, _ := errors.AsType[*auth.RetryError](err); retry == nil || !retry.Timeout() || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("%v, want a timeout", err)
	}
}
