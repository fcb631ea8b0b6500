package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// handler answers Prometheus and the orchestrator. /livez fails once the client has ended: only a
// new process helps then. /readyz fails while something is missing, and once ctx has ended, which
// is the signal to stop. It stays 503 while RealtimeX is down; the process need not be restarted.
func (s *service) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-s.client.Done():
			answer(w, errors.Join(errors.New("the client has ended"), s.client.Err()))
		default:
			answer(w, nil)
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ctx.Err() != nil {
			answer(w, errors.New("stopping"))
			return
		}
		answer(w, s.client.Readiness()) // says what is missing and why; it holds no secret
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
