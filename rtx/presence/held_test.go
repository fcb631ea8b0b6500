package presence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A script is a dialer and its one session, which has no network: the test says what comes, and
// what the reader takes. It is a fake, because it measures how long the reader is away.
type script struct {
	in     chan []byte
	away   chan time.Duration // how long the reader was away with the packet before
	took   time.Time
	asked  chan string
	closed chan struct{}
}

func newScript() *script {
	return &script{
		in: make(chan []byte, 4), away: make(chan time.Duration, 64), asked: make(chan string, 64), closed: make(chan struct{}),
	}
}

func (s *script) Dial(context.Context, transport.Resume) (transport.Session, error) {
	s.in <- []byte(`["realtimex:connection_established",{"socket_id":"1.1"}]`)
	return s, nil
}

func (s *script) Recv() (transport.Packet, error) {
	if !s.took.IsZero() {
		s.away <- time.Since(s.took)
	}
	select {
	case data := <-s.in:
		s.took = time.Now()
		if !utf8.Valid(data) { // as a real session does, which also gives large ones away
			return transport.Packet{}, errors.New("not UTF-8")
		}
		return transport.Packet{Type: transport.PacketEvent, Data: data, Kept: len(data) >= 1<<20}, nil
	case <-s.closed:
		return transport.Packet{}, transport.ErrClosed
	}
}

func (s *script) Send(_ context.Context, packets ...[]byte) error {
	for _, p := range packets {
		if bytes.Contains(p, []byte("realtimex:subscribe")) {
			s.asked <- string(p)
		}
	}
	return nil
}

func (s *script) Close(error) {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}

func (s *script) Info() transport.Info {
	return transport.Info{SocketID: "1.1", PingInterval: time.Hour, PingTimeout: time.Hour}
}
func (s *script) Ended() transport.End   { return transport.End{} }
func (s *script) Hide(...string)         {}
func (s *script) Pings() <-chan struct{} { return nil }
func (s *script) Pong() error            { return nil }
func (s *script) ReceivedAt() time.Time  { return time.Now() }
func (s *script) Silence() time.Duration { return 0 }

// crowdedConfirmation has n members with infos of 100 bytes, in Pusher's form.
func crowdedConfirmation(n int) []byte {
	var b strings.Builder
	b.WriteString(`["realtimex_internal:subscription_succeeded",{"channel":"presence-crowd","presence":{"ids":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"user-%06d"`, i)
	}
	b.WriteString(`],"hash":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"user-%06d":{"name":"Somebody with a name %06d","age":%d,"title":"a title of some length","city":"Paris 5"}`, i, i, 10+i%90)
	}
	fmt.Fprintf(&b, `},"count":%d}}]`, n)
	return []byte(b.String())
}

// How long the reader is away with the first roster of a room, which is how long an event of
// another stream waits behind it; and how long it takes until the room is ready.
func BenchmarkReaderAway(b *testing.B) {
	sizes := []int{100, 400, 1_000, 10_000, 100_000}
	for _, n := range sizes {
		for _, where := range []string{"reader", "apart"} {
			b.Run(fmt.Sprintf("members=%d/%s", n, where), func(b *testing.B) {
				before := observe.LargeConfirmation
				observe.LargeConfirmation = 0
				if where == "reader" {
					observe.LargeConfirmation = 1 << 30
				}
				defer func() { observe.LargeConfirmation = before }()
				packet := crowdedConfirmation(n)
				var away, ready []time.Duration
				for b.Loop() {
					a, r := readerAway(b, packet, n)
					away, ready = append(away, a), append(ready, r)
				}
				slices.Sort(away)
				slices.Sort(ready)
				ms := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
				b.ReportMetric(ms(away[0]), "away-min-ms")
				b.ReportMetric(ms(away[len(away)/2]), "away-p50-ms")
				b.ReportMetric(ms(away[len(away)-1]), "away-max-ms")
				b.ReportMetric(ms(ready[len(ready)/2]), "ready-p50-ms")
				b.ReportMetric(float64(len(packet)), "packet-B")
			})
		}
	}
}

func readerAway(b *testing.B, packet []byte, n int) (away, ready time.Duration) {
	s := newScript()
	signer, err := auth.NewSigner("key", "secret")
	if err != nil {
		b.Fatal(err)
	}
	c, err := rtx.New("key", rtx.WithDialer(s), rtx.WithAuth(signer.Authorizer(auth.Member{ID: "user-000000"})))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(b.Context()); err != nil {
		b.Fatal(err)
	}
	room := presence.Watch[guest](b.Context(), c.Channel("presence-crowd"))
	<-s.asked
	<-s.away // with connection_established
	start := time.Now()
	s.in <- packet
	away = <-s.away
	if err := room.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	if room.Members().Len() != n {
		b.Fatal(room.Members().Len())
	}
	return away, time.Since(start)
}
