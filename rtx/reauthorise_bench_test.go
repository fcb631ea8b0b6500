package rtx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// BenchmarkReauthorise is the time from a cut until 10,000 private channels are confirmed again,
// with a backend on this machine that takes 5 ms for a request, over real sockets.
func BenchmarkReauthorise(b *testing.B) {
	const channels = 10_000
	for name, opts := range map[string][]auth.EndpointOption{
		"single": nil, "batch=100": {auth.WithBatch(50*time.Millisecond, 100)}, "batch=625": {auth.WithBatch(50*time.Millisecond, 625)},
	} {
		b.Run(name, func(b *testing.B) {
			s := testserver.NewServer(b)
			var requests atomic.Int64
			handler := auth.Handler(s.Signer(), func(*http.Request, auth.Request) (auth.Decision, error) {
				return auth.Decision{Allow: true}, nil
			}, auth.WithMaxBatch(1000))
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				time.Sleep(5 * time.Millisecond)
				handler.ServeHTTP(w, r)
			}))
			defer web.Close()
			c, err := rtx.Dial(b.Context(), s.Key(), rtx.WithURL(s.URL()), rtx.WithBackoff(time.Millisecond, time.Millisecond),
				rtx.WithAuth(auth.Endpoint(web.URL, opts...)))
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			group := rtx.NewGroup()
			for i := range channels {
				if err := group.Add(c.Channel(fmt.Sprintf("private-%d", i))); err != nil {
					b.Fatal(err)
				}
			}
			stream := rtx.On[numbered](b.Context(), group, "n")
			if err := stream.Ready(b.Context()); err != nil {
				b.Fatal(err)
			}
			states := c.States(b.Context())
			requests.Store(0)
			for b.Loop() {
				s.DropAll(testserver.Reset)
				for st := range states.C {
					if st.State == rtx.StateReconnecting {
						break
					}
				}
				if err := stream.Ready(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/op")
		})
	}
}
