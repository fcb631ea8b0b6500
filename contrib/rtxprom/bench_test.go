package rtxprom_test

import (
	"fmt"
	"testing"

	"github.com/realtimex/realtimex-go/contrib/rtxprom"
	"github.com/realtimex/realtimex-go/rtx"
)

// The cost of a scrape of 10,000 streams, of which a tenth measure their lag.
func BenchmarkScrape(b *testing.B) {
	for name, opts := range map[string][]rtxprom.Option{
		"aggregated": nil, "events": {rtxprom.WithStreamLabel(event)},
	} {
		b.Run(name, func(b *testing.B) {
			client, err := rtx.New("key")
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			c, registry := collector(b, opts...)
			if err := c.Add("shop", client); err != nil {
				b.Fatal(err)
			}
			for i := range 10_000 {
				opts := []rtx.StreamOption{rtx.WithBuffer(1)}
				if i%10 == 0 {
					opts = append(opts, rtx.WithLag())
				}
				_ = rtx.On[order](b.Context(), client.Channel(fmt.Sprint("orders-", i)), fmt.Sprint("event-", i%20), opts...)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := registry.Gather(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
