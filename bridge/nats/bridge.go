package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
	"github.com/realtimex/realtimex-go/rtx"
)

// A Bridge is one replica. New makes it, and Run runs it once. Stats and Readiness may be called
// concurrently, at any time.
type Bridge struct {
	cfg         Config
	incarnation string // of this run, in ids and records
	stats       figures

	js     jetstream.JetStream
	stream jetstream.Stream
	kv     jetstream.KeyValue
	atomic bool // the stream takes batches

	// What follows belongs to the goroutine of Run.
	inbox   string
	answers chan *nats.Msg
	asked   chan *nats.Msg
	results chan func()      // from goroutines that wait for something
	looks   chan struct{}    // bounds those that read from the bus
	all     []*held          // by index
	byName  map[string]*held // by channel
	busy    map[*held]struct{}
	group   *rtx.Group
	events  *rtx.Stream[event]
	members map[string]member
	peers   map[string]time.Time // when each replica's lease was last renewed
	barrier barrier
	lease   lease
	batches int // under way
	batchID uint64
	drained time.Time // when Run must end; the zero time before its context ends
}

type event = rtx.Message[rawJSON]

// A held is one channel.
type held struct {
	index   int
	name    string
	token   string // the name, escaped
	prefix  string // what the subjects of its records begin with
	filter  string // the subject of all its records
	channel *rtx.Channel
	ch      *relay.Channel

	owes   time.Time // until then the next leader may ask for what this replica has not published
	locals uint64    // events without an id so far
	asking questions
	under  uint64 // the token of the records under way
	sent   int    // events in them
	batch  bool   // they are a batch
	alone  bool   // the last batch has failed
}

// New returns a Bridge that has not begun. It checks the Config, fills in defaults, and returns a
// *ConfigError for a field that can't be used. It does no I/O.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := &Bridge{
		cfg: cfg, incarnation: rand.Text()[:10],
		answers: make(chan *nats.Msg, max(4096, 2*len(cfg.Channels))), asked: make(chan *nats.Msg, maxQuestions),
		results: make(chan func()), looks: make(chan struct{}, 64),
		byName: make(map[string]*held), busy: make(map[*held]struct{}), members: make(map[string]member),
		peers: make(map[string]time.Time),
	}
	b.stats.set(Stats{Replica: cfg.Replica})
	limits := relay.Limits{Fill: cfg.Fill, Ask: max(20*time.Millisecond, cfg.Fill/20), Retry: 100 * time.Millisecond, Publish: answerLimit}
	now := time.Now()
	for i, name := range cfg.Channels {
		h := &held{
			index: i, name: name, token: Escape(name), prefix: "rtx." + cfg.App + "." + Escape(name) + ".", filter: ChannelSubject(cfg.App, name), channel: cfg.Client.Channel(name),
			ch: relay.New(cfg.RingBytes, cfg.RingAge, limits, now),
		}
		b.all, b.byName[name] = append(b.all, h), h
	}
	return b, nil
}

// Run makes a Bridge and runs it: see [Bridge.Run].
func Run(ctx context.Context, cfg Config) error {
	b, err := New(cfg)
	if err != nil {
		return err
	}
	return b.Run(ctx)
}

// Run receives the channels and publishes them on NATS, together with the other replicas, until ctx
// ends. Then it lets others take over, or, if there is none, publishes what it has, for up to
// Config.Drain, gives its lease back, and returns nil. Before that it returns an error only if
// the stream or the bucket is not as the Config needs it, or if a connection was closed or the client
// has ended. It keeps trying while NATS or RealtimeX can't be reached. It may be called once.
func (b *Bridge) Run(ctx context.Context) error {
	for {
		err := b.open(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, final := errors.AsType[*ConfigError](err); final || errors.Is(err, nats.ErrConnectionClosed) {
			return err
		}
		b.cfg.Log.Warn("bridge: the bus can't be used yet", "error", err)
		pause(ctx, time.Second/2)
	}
	b.inbox = b.cfg.NATS.NewInbox() + "."
	answers, err := b.cfg.NATS.ChanSubscribe(b.inbox+"*.*.*", b.answers)
	if err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	defer func() { _ = answers.Unsubscribe() }()
	questions, err := b.cfg.NATS.ChanSubscribe(b.peerSubject(b.cfg.Replica), b.asked)
	if err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	defer func() { _ = questions.Unsubscribe() }()

	// What runs beside the loop ends with it.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{Bridge: b, ctx: inner, seat: relay.NewSeat(b.cfg.Replica, b.cfg.Channels, b.cfg.Sharded)}
	defer r.wait.Wait()
	defer cancel()
	// The group is empty at first, and needs a channel to know its client.
	b.group = rtx.NewGroup(b.all[0].channel)
	b.group.Remove(b.all[0].channel)
	b.events = rtx.OnAny(inner, b.group, rtx.Cases(rtx.CaseOf("*", func(e event) event { return e })),
		rtx.WithBuffer(intake), rtx.WithOverflow(rtx.DropOldest), rtx.WithName("bridge"))
	defer b.events.Close()
	if err := b.events.Err(); err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	return r.loop(ctx)
}

// answerLimit is how long the bus may take to answer. What is sent once more after that is refused if
// the first one has come through.
const answerLimit = 2 * time.Second

// intake is how many events may wait for the loop. What comes on top drops the oldest, which is a gap
// that peers can fill.
const intake = 8192
