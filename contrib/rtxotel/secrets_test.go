package rtxotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/contrib/rtxotel"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

const (
	keySentinel    = "KEY-5e1f9b"
	secretSentinel = "SECRET-77c2d0"
	tokenSentinel  = "TOKEN-c04a8e"
)

// A client with known secrets lives through everything that is told of, its handlers fail with
// secrets in their errors, and nothing that leaves the process has one in it.
func TestNoSecrets(t *testing.T) {
	server := rtxtest.NewServer(t, rtxtest.WithKey(keySentinel), rtxtest.WithSecret(secretSentinel))
	r := &rig{t: t, server: server, spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	tel, err := rtxotel.New(rtxotel.WithTracerProvider(r.tracers), rtxotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))),
		rtxotel.WithServer("127.0.0.1", 6001), rtxotel.WithClientID("billing-3"), rtxotel.WithStreamName(func(name string) string { return name }),
		rtxotel.WithDestination(func(channel string) rtxotel.Destination {
			return rtxotel.Destination{Name: channel, Template: channel}
		}))
	if err != nil {
		t.Fatal(err)
	}
	r.tel = tel
	busy(t, r)

	// The signatures and the socket ids of what was done, by the server's own record.
	var secrets []string
	for _, e := range server.ClientEvents("private-orders") {
		secrets = append(secrets, e.SocketID)
	}

	// Authorization that fails, with a token.
	header := http.Header{"X-Token": {tokenSentinel}}
	client := r.client(rtx.WithHeader(header), rtx.WithAuth(auth.Endpoint(server.AuthEndpoint(), auth.WithPlainHTTP(),
		auth.WithToken(func(context.Context, bool) (string, error) { return tokenSentinel, nil }))))
	secrets = append(secrets, client.SocketID())
	server.FailAuth(1, http.StatusForbidden)
	if err := rtx.On[int](t.Context(), client.Channel("private-x"), "x").Ready(t.Context()); err == nil {
		t.Fatal("it was not refused")
	}
	open[int](r, client, "private-y", "x")
	for _, a := range server.AuthRequests() {
		secrets = append(secrets, a.SocketID)
	}

	// Handlers whose errors and panics have secrets in them.
	m := rtx.Message[Order]{Channel: "private-y", Event: "x"}
	leak := fmt.Errorf("GET https://api.example/?token=%s&auth=%s:sig", tokenSentinel, keySentinel)
	_ = rtxotel.Process(t.Context(), tel, m, func(context.Context, rtx.Message[Order]) error { return leak })
	_ = rtxotel.ProcessGap(t.Context(), tel, &rtx.Gap{Err: leak, Dropped: 1}, func(context.Context, *rtx.Gap) error { return errors.Join(leak) })
	func() {
		defer func() { _ = recover() }()
		_ = rtxotel.Process(t.Context(), tel, m, func(context.Context, rtx.Message[Order]) error { panic(leak) })
	}()

	// A key that is refused, and a service that can't be reached.
	wrong := "WRONG-" + keySentinel
	if _, err := rtx.Dial(t.Context(), wrong, rtx.WithURL(server.URL()), tel.Trace()); err == nil {
		t.Fatal("the key was taken")
	}
	server.Stop()
	if _, err := rtx.Dial(t.Context(), keySentinel, rtx.WithURL(server.URL()), rtx.WithHeader(header), tel.Trace()); err == nil {
		t.Fatal("it was reached")
	}

	var told strings.Builder
	for _, span := range tracetest.SpanStubsFromReadOnlySpans(r.spans.Ended()) {
		fmt.Fprintf(&told, "%+v\n", span)
	}
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			fmt.Fprintln(&told, m.Name, m.Description, m.Unit)
			for _, p := range points(m) {
				fmt.Fprintln(&told, text(p.attrs))
			}
			for _, p := range exemplars(m) {
				fmt.Fprintln(&told, p)
			}
		}
	}
	if told.Len() < 10_000 {
		t.Errorf("only %d bytes were told", told.Len())
	}
	if len(secrets) < 3 {
		t.Errorf("only %d socket ids are known", len(secrets))
	}
	for _, secret := range append(secrets, keySentinel, secretSentinel, tokenSentinel) {
		if secret == "" {
			t.Error("a socket id is not known")
		} else if i := strings.Index(told.String(), secret); i >= 0 {
			t.Errorf("%q is told: …%s…", secret, told.String()[max(0, i-200):min(told.Len(), i+100)])
		}
	}
	if signature := regexp.MustCompile(`:[0-9a-f]{64}`).FindString(told.String()); signature != "" {
		t.Errorf("a signature is told: %s", signature)
	}
}

// exemplars are what a histogram keeps of single measurements.
func exemplars(m metricdata.Metrics) (all []string) {
	if d, ok := m.Data.(metricdata.Histogram[float64]); ok {
		for _, p := range d.DataPoints {
			for _, e := range p.Exemplars {
				all = append(all, text(named(e.FilteredAttributes)))
			}
		}
	}
	return all
}
