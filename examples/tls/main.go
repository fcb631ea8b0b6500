// TLS shows a client behind a company's own certificate authority and an HTTP proxy, both in this
// process: a TLS front with a certificate that nobody knows, before the test server of rtxtest, and
// a CONNECT proxy. Both are set up as for any other HTTP client, on an http.Transport that is given
// to rtx.WithHTTPClient.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	front := newFront(srv)
	defer front.Close()
	proxy := new(proxy)
	forward := httptest.NewServer(proxy)
	defer forward.Close()
	proxyURL, err := url.Parse(forward.URL)
	if err != nil {
		return err
	}

	// Verification is on unless you turn it off, so a certificate from nowhere is an error. Don't
	// reach for InsecureSkipVerify.
	_, err = rtx.Dial(ctx, srv.Key(), rtx.WithURL(front.URL))
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown {
		return fmt.Errorf("an unknown authority should be refused; got %w", err)
	}
	fmt.Fprintln(out, "Without the root certificate:", err)

	// A real program reads the roots from a file: roots.AppendCertsFromPEM(pem). To keep the
	// system's, begin with x509.SystemCertPool. Without a Proxy of your own, use
	// http.ProxyFromEnvironment: HTTPS_PROXY and NO_PROXY.
	roots := x509.NewCertPool()
	roots.AddCert(front.Certificate())
	transport := &http.Transport{
		Proxy:           http.ProxyURL(proxyURL),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(front.URL), rtx.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Fprintf(out, "With it: %s. Tunnels that the proxy made: %d\n", client.State(), proxy.tunnels.Load())

	news := rtx.On[string](ctx, client.Channel("news"), "headline")
	if err := news.Ready(ctx); err != nil {
		return err
	}
	srv.Publish("news", "headline", "Certificates need not be feared")
	headline, ok := <-news.C
	if !ok {
		return news.Err()
	}
	fmt.Fprintln(out, "Through proxy and TLS:", headline)
	return nil
}

// newFront is a TLS server with a certificate of its own, which passes everything on to srv,
// WebSocket upgrades included.
func newFront(srv *rtxtest.Server) *httptest.Server {
	target, _ := url.Parse(srv.URL())
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
	})
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the client breaks off are part of the show
	front.StartTLS()
	return front
}
