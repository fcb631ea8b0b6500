package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/realtimex/realtimex-go/rtx"
)

// probes answers an orchestrator. /livez fails once the client has ended: only a new process helps
// then. /readyz fails while something is missing, and once ctx has ended, which is the signal to
// stop.
func probes(ctx context.Context, client *rtx.Client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-client.Done():
			answer(w, errors.Join(errors.New("the client has ended"), client.Err()))
		default:
			answer(w, nil)
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ctx.Err() != nil {
			answer(w, errors.New("stopping"))
			return
		}
		answer(w, client.Readiness()) // says what is missing and why; it holds no secret
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
