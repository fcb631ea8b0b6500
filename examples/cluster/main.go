// Cluster shows what survives the loss of a link and of a process. Three replicas of the bridge, each a
// process of its own, bring 10,000 events to NATS JetStream. Meanwhile the link of one is cut, and
// another is killed. Then the bus is read, and what it has is counted: all events, once, in order.
//
// NATS runs in this process, and so does the service: a test server with connection state recovery,
// as a production service needs it for ids.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// app is the name under which the replicas work together.
const app = "shop"

var channels = []string{"orders", "stock"}

// An Order is what the shop publishes.
type Order struct {
	N int `json:"n"`
}

func main() {
	log.SetFlags(0)
	if name := os.Getenv("REPLICA"); name != "" {
		if err := replica(name); err != nil {
			log.Fatal(err)
		}
		return
	}
	events := flag.Int("events", 10_000, "how many events are published")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, *events, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// replica is one process: a client, a connection to NATS, and the bridge, until it is told to stop.
func replica(name string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client, err := rtx.Dial(ctx, "app-key", rtx.WithURL(os.Getenv("RTX_URL")))
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := nats.Connect(os.Getenv("NATS_URL"), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	return bridge.Run(ctx, bridge.Config{Client: client, NATS: conn, App: app, Channels: channels, Replica: name, Lease: time.Second})
}

func run(ctx context.Context, events int, out io.Writer) error {
	service, err := rtxtest.Start(rtxtest.WithRecovery(time.Second))
	if err != nil {
		return err
	}
	defer service.Close()
	natsURL, stopNATS, err := embedded()
	if err != nil {
		return err
	}
	defer stopNATS()
	conn, err := nats.Connect(natsURL)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}

	replicas := make([]*process, 3)
	for i := range replicas {
		if replicas[i], err = start(fmt.Sprint("replica-", i+1), service.URL(), natsURL); err != nil {
			return err
		}
		defer replicas[i].stop()
		// The one that is ready first publishes, and the next one takes over.
		if err := subscribed(ctx, js, i+1); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "three replicas; %d events on %v\n", events, channels)
	for n := range events {
		switch n {
		case events / 3:
			fmt.Fprintln(out, "the link of the one that publishes is cut, for longer than the service keeps its session")
			replicas[0].link.cut(2 * time.Second)
		case events * 2 / 3:
			fmt.Fprintln(out, "the one that has taken over is killed")
			replicas[1].kill()
		}
		service.Publish(channels[n%len(channels)], "created", Order{n/len(channels) + 1})
		if n%10 == 9 {
			time.Sleep(3 * time.Millisecond)
		}
	}
	return count(ctx, js, events, out)
}

// count reads the bus until the last event of each channel has come, and says what it has.
func count(ctx context.Context, js jetstream.JetStream, events int, out io.Writer) error {
	consumer, err := js.OrderedConsumer(ctx, "rtx-"+app, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	each := events / len(channels)
	last := make(map[string]int)
	got, twice, missing, gaps, ended := 0, 0, 0, 0, 0
	for order, gap := range bridge.Consume[rtx.Message[Order]](ctx, consumer) {
		if gap != nil {
			gaps++
			continue
		}
		got++
		switch before := last[order.Channel]; {
		case order.Value.N <= before:
			twice++
		default:
			missing += order.Value.N - before - 1
			last[order.Channel] = order.Value.N
		}
		if order.Value.N == each {
			if ended++; ended == len(channels) {
				break
			}
		}
	}
	fmt.Fprintf(out, "the bus has %d events: %d missing, %d twice or out of order, %d gap records\n", got, missing, twice, gaps)
	if got != events || missing+twice+gaps > 0 {
		return fmt.Errorf("%d of %d events are on the bus", got, events)
	}
	return ctx.Err()
}
