package rtxprom_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/realtimex/realtimex-go/contrib/rtxprom"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A client is shown to Prometheus, with its streams labelled by the names of their events.
func Example() {
	srv, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	client, err := rtx.Dial(context.Background(), srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	collector, err := rtxprom.New(rtxprom.WithStreamLabel(func(name string) string {
		return name[strings.LastIndexByte(name, '/')+1:]
	}))
	if err != nil {
		log.Fatal(err)
	}
	if err := collector.Add("shop", client); err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{}) // for /metrics

	orders := rtx.On[struct{ ID int }](context.Background(), client.Channel("orders"), "created")
	if err := orders.Ready(context.Background()); err != nil {
		log.Fatal(err)
	}
	answer := httptest.NewRecorder()
	metrics.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "rtx_ready") || strings.HasPrefix(line, "rtx_stream_buffer_capacity_values") {
			fmt.Print(line)
		}
	}
	// Output:
	// rtx_ready{client="shop"} 1
	// rtx_stream_buffer_capacity_values{client="shop",stream="created"} 256
}
