package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// byHand is what a program does that publishes the events of a stream itself: no ring, no lease, no
// condition, many records under way at once.
func byHand(ctx context.Context, client *rtx.Client, conn *nats.Conn) error {
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		return err
	}
	if _, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "rtx-shop", Subjects: []string{"rtx.shop.*.*"}, Duplicates: time.Minute}); err != nil {
		return err
	}
	group := rtx.NewGroup()
	for name := range strings.SplitSeq(os.Getenv("BRIDGE_TEST_CHANNELS"), ",") {
		if err := group.Add(client.Channel(name)); err != nil {
			return err
		}
	}
	for m, gap := range rtx.On[rtx.Message[json.RawMessage]](ctx, group, "*", rtx.WithBuffer(8192)).All() {
		if gap != nil {
			fmt.Fprintln(os.Stderr, gap)
			continue
		}
		if _, err := js.PublishAsync("rtx.shop."+m.Channel+"."+m.Event, m.Value, jetstream.WithMsgID(m.Channel+"."+m.ID)); err != nil {
			return err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(5 * time.Second):
	}
	return nil
}

func cpu(who int) time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// besides has a process bring b.N events to the bus, and returns what it took.
func besides(b *testing.B, hand bool, channels int) (process, whole, wall time.Duration) {
	var names []string
	for i := range channels {
		names = append(names, fmt.Sprint("orders-", i))
	}
	w := newWorld(b, 1, names, nil, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	var env []string
	if hand {
		env = append(env, "BRIDGE_TEST_HAND=1")
	}
	p := w.fork("r", env...)
	for _, name := range names {
		w.service.WaitSubscribers(name, 1)
	}
	w.wait("the first events", func() bool {
		l.publish(names[0])
		time.Sleep(20 * time.Millisecond) // from one look at the bus to the next
		return l.onBus(names[0]) > 0
	})
	stream, err := w.js.Stream(b.Context(), "rtx-shop")
	if err != nil {
		b.Fatal(err)
	}
	msgs := func() int {
		info, err := stream.Info(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return int(info.State.Msgs)
	}
	w.wait("the first events", func() bool { return msgs() == int(l.all.Load()) })
	payload := json.RawMessage(`{"n":1,"text":"` + strings.Repeat("x", 200) + `"}`)
	events := max(b.N, 20_000)
	wholeBefore, began := cpu(syscall.RUSAGE_SELF), time.Now()
	start := int(l.all.Load())
	for i := range events {
		w.service.Publish(names[i%channels], "created", payload)
		for i%512 == 511 && i-(msgs()-start) > 4096 { // neither is to overflow
			time.Sleep(time.Millisecond)
		}
	}
	w.wait("all events", func() bool { return msgs() == start+events })
	wall = time.Since(began)
	whole = cpu(syscall.RUSAGE_SELF) - wholeBefore
	p.signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	process = p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	return process / time.Duration(events), (whole + process) / time.Duration(events), wall / time.Duration(events)
}

// BenchmarkBesideByHand compares a replica with a program that publishes by hand: the CPU time of the
// process for each event, that of everything (service, NATS and process), and the throughput.
func BenchmarkBesideByHand(b *testing.B) {
	for _, channels := range []int{1, 50} {
		b.Run(fmt.Sprint(channels, " channels"), func(b *testing.B) {
			hand, handWhole, handWall := besides(b, true, channels)
			own, whole, wall := besides(b, false, channels)
			b.ReportMetric(float64(own.Nanoseconds())/1000, "µs-CPU/event")
			b.ReportMetric(float64(hand.Nanoseconds())/1000, "µs-CPU/event-by-hand")
			b.ReportMetric(float64(own)/float64(hand), "CPU/by-hand")
			b.ReportMetric(float64(whole)/float64(handWhole), "CPU-of-all/by-hand")
			b.ReportMetric(float64(time.Second)/float64(wall), "events/s")
			b.ReportMetric(float64(time.Second)/float64(handWall), "events/s-by-hand")
			b.ReportMetric(0, "ns/op")
		})
	}
}
