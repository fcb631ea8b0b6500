package rtx

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A Client is one connection to the service and the streams on it. All its methods may be called concurrently.
type Client struct {
	cfg    *config // behind a pointer, as recovery is, so that no print of a struct that holds a client shows it
	dialer transport.Dialer
	ctx    context.Context // ends when the client does
	cancel context.CancelFunc
	stats  counters
	reader reader           // the reader's goroutine alone
	wall   func() time.Time // the wall clock; tests make it jump
	woken  chan struct{}    // capacity 1: the connection's goroutine is to look
	ids    atomic.Uint64    // of streams: the last one

	mu         sync.Mutex // guards what follows; never held across anything that can block
	machine    *core.Machine
	running    chan struct{} // closed when the connection's goroutine has ended; nil while there is none
	attempt    *attempt      // the last one
	due        *attempt      // one that is to be made
	looks      time.Time     // when the connection's goroutine looks again, unless it is woken; zero: it does not
	goal       *goal         // what calls of Connect wait for; nil if none does
	frames     [][]byte      // what is to be written next
	acks       []uint64      // acknowledgements that are to be written
	hide       []string      // what the session is to hide before the frames are written
	recovery   *recovery
	state      StateChange
	watches    watches[StateChange]
	complaints watches[ServiceError]
	session    transport.Session // nil while there is none
	sessionCtx context.Context   // ends with the session
	sessionEnd context.CancelCauseFunc
	subs       map[string]*subscription
	bindings   openStreams
	spills     spills
	lapses     lapses
	routes     routes // of the streams of the whole client
	broker     broker
	pings      map[*core.Ping]chan time.Duration
	ended      bool
	failure    error
	closing    bool // Close was called
	done       chan struct{}

	lastUnclaimed LastUnclaimed
}

// A goal is the next connection, for the calls of Connect that wait for it.
type goal struct {
	reached chan struct{} // closed when it is there, or when it will not come
	err     error         // then why not
}

// New makes a client. It checks the options and connects to nothing; a bad option is an [*OptionError].
func New(apiKey string, opts ...Option) (*Client, error) {
	cfg, err := newConfig(apiKey, opts)
	if err != nil {
		return nil, err
	}
	dialer, err := cfg.newDialer()
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: &cfg, dialer: dialer, wall: time.Now, woken: make(chan struct{}, 1),
		machine: core.New(core.Config{
			SubscribeTimeout: cfg.subscribeTimeout, EstablishGrace: cfg.grace, LeaveGrace: cfg.leaveGrace,
			StableAfter: stableAfter, Pace: newPace(cfg.backoffInitial, cfg.backoffMax),
		}),
		state:    StateChange{State: Idle, At: time.Now()},
		subs:     make(map[string]*subscription),
		recovery: new(recovery),
		done:     make(chan struct{}),
	}
	if a, ok := cfg.authorizer.(interface{ SameServer(hostport string) bool }); ok && a.SameServer(cfg.serviceHost()) {
		cfg.log.Warn("rtx: the auth endpoint is on the RealtimeX server's own host and port; it must be your own backend")
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.broker.limit = concurrency(cfg.authorizer)
	return c, nil
}

// stableAfter is how long a connection must have been established for the back-off to begin anew.
const stableAfter = 10 * time.Second

// Dial is [New] and [Client.Connect]. On an error there is no client to close.
func Dial(ctx context.Context, apiKey string, opts ...Option) (*Client, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	c, err := New(apiKey, opts...)
	if err != nil {
		return nil, err
	}
	if err := c.Connect(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Connect connects, and returns once the socket id is known. It makes one attempt and says why it failed; it may then be
// called again, unless the service refused the API key, which is final. With [WithConnectRetry] it retries what can heal
// until ctx ends. After a first success the client reconnects by itself until Close. ctx bounds the attempt, not the
// connection. Several calls share one attempt; on a connected client it returns nil at once.
//
// Errors: a [*DialError] or a [*ConnectError], which say why the attempt failed; an [*InterruptedError] if ctx ended;
// [ErrClosed]. A refusal that is final is returned by every later call.
func (c *Client) Connect(ctx context.Context) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	var over error // asked without the lock: the context may be the user's own
	if ctx.Err() != nil {
		over = context.Cause(ctx)
	}
	c.mu.Lock()
	switch {
	case c.ended:
		defer c.mu.Unlock()
		return c.endErrLocked()
	case c.machine.Conn() == core.Established:
		c.mu.Unlock()
		return nil
	case over != nil:
		c.mu.Unlock()
		return &InterruptedError{Cause: over}
	}
	if c.goal == nil {
		c.goal = &goal{reached: make(chan struct{})}
	}
	g := c.goal
	c.machine.Connect(now(), c.cfg.connectRetry)
	c.decideAndUnlock()
	select {
	case <-g.reached:
	case <-ctx.Done():
		if err := c.giveUp(ctx, g); err != nil {
			return err
		}
	}
	return c.reached(g)
}

// reached is the outcome of a goal that is there, or that will not come.
func (c *Client) reached(g *goal) error {
	if g.err == nil {
		return nil
	}
	if c.State() == Failed {
		c.Close()
	}
	if errors.Is(g.err, core.ErrClosed) {
		return ErrClosed
	}
	return g.err
}

// giveUp is for a call of Connect whose context has ended. Without an error the goal was reached in the same moment.
func (c *Client) giveUp(ctx context.Context, g *goal) error {
	cause := context.Cause(ctx)
	c.mu.Lock()
	if c.goal != g {
		c.mu.Unlock()
		return nil
	}
	err := &InterruptedError{Cause: cause, Last: c.machine.State(now()).Err}
	a := c.attempt
	last := c.machine.GiveUp(now(), err)
	if last {
		c.goal = nil
	}
	c.decideAndUnlock()
	if last {
		<-a.over
	}
	return err
}

// Close leaves the service politely, ends every stream with [ErrClosed], and returns once none of the client's
// goroutines is left. It is idempotent and may be called at any moment, but not from UnmarshalJSON, an Authorizer or a
// slog.Handler: it would wait for itself.
func (c *Client) Close() error {
	if !c.made() {
		return nil
	}
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if first {
		c.close()
	}
	<-c.done
	return nil
}

func (c *Client) close() {
	defer close(c.done) // also if the authorizer panics
	c.do(func(m *core.Machine, now time.Time) { m.Close(now) })
	c.mu.Lock()
	running := c.running
	c.mu.Unlock()
	if running != nil {
		<-running
	}
	c.broker.wait()
	c.discardSpills()
	if a, ok := c.cfg.authorizer.(interface{ CloseIdleConnections() }); ok {
		a.CloseIdleConnections()
	}
}

// Done is closed when the client has ended and none of its goroutines is left: after Close, or after the service refused
// it for good; Err tells.
func (c *Client) Done() <-chan struct{} {
	if !c.made() {
		return closedChannel
	}
	return c.done
}

var closedChannel = func() chan struct{} { ch := make(chan struct{}); close(ch); return ch }()

// Err returns why the client ended: nil while it has not and after Close, else the service's refusal.
func (c *Client) Err() error {
	if !c.made() {
		return errNoClient
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// Cluster returns the cluster's name, as [WithCluster] set it.
func (c *Client) Cluster() string {
	if !c.made() {
		return ""
	}
	return c.cfg.cluster
}

// Reconnect drops the connection, if there is one, and makes a new one now, without waiting for a delay: for programs
// that know that the network changed. It does not wait for the outcome; States tells it.
func (c *Client) Reconnect() {
	if !c.made() {
		return
	}
	c.do(func(m *core.Machine, now time.Time) { m.Reconnect(now) })
}

// An ending is what ends with the client.
type ending struct {
	failure  error // nil for Close
	reason   error // what streams get
	bindings []*binding
	facts    []factFor
	watches  []owner
}

// endLocked takes the client out of use. err is nil for Close.
func (c *Client) endLocked(err error) *ending {
	if c.ended {
		return nil
	}
	c.ended, c.failure = true, err
	e := &ending{
		failure: err, reason: c.endErrLocked(), bindings: c.bindings.slice(), watches: c.watchersLocked(),
	}
	e.facts = c.takeObserversLocked(e.reason)
	c.bindings, c.watches, c.complaints = openStreams{}, watches[StateChange]{}, watches[ServiceError]{}
	return e
}

// watchersLocked are the open streams of the states and of the service's errors.
func (c *Client) watchersLocked() (all []owner) {
	for w := range c.watches.open.all() {
		all = append(all, w)
	}
	for w := range c.complaints.open.all() {
		all = append(all, w)
	}
	return all
}

// over ends the client for its users: streams, rooms, states, waits. What runs is waited for by Close.
func (c *Client) over(e *ending) {
	c.cancel()
	for _, b := range e.bindings {
		b.end(e.reason, true)
	}
	for _, f := range e.facts {
		f.o.Take(f.f)
	}
	for _, w := range e.watches {
		w.end(e.reason, true)
	}
	if e.failure != nil {
		c.cfg.log.Error("rtx: the service refused the client", "error", e.failure)
	}
}

// endErrLocked is what streams and calls get after the end.
func (c *Client) endErrLocked() error {
	if c.failure != nil {
		return c.failure
	}
	return ErrClosed
}

// takeObserversLocked takes the rooms off their channels, and returns what they are to be told.
func (c *Client) takeObserversLocked(err error) (facts []factFor) {
	for ch := range c.machine.Channels() {
		s := c.of(ch)
		if s.observer == nil {
			continue
		}
		facts = append(facts, factFor{s.observer, observe.Fact{Kind: observe.Ended, Err: err}})
		n := s.observed
		s.observer, s.observed = nil, 0
		for range n {
			c.machine.Release(now(), ch, ch.Term())
		}
	}
	return facts
}

// Drain ends every stream with Err nil: what they have buffered stays readable, a Grow stream's spill is let out, and C
// is closed after it. It returns when every C is closed, or with ctx's cause. The connection stays up, and channels that
// Subscribe holds stay subscribed, for Trigger. A stream opened later is a new one.
func (c *Client) Drain(ctx context.Context) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	bindings, watches := c.bindings.slice(), c.watchersLocked()
	facts := c.takeObserversLocked(nil)
	c.decideAndUnlock()
	for _, b := range bindings {
		b.end(nil, false)
	}
	for _, w := range watches {
		w.end(nil, false)
	}
	for _, f := range facts {
		f.o.Take(f.f)
	}
	for _, b := range bindings {
		if err := b.sink.drained(ctx); err != nil {
			return err
		}
	}
	return nil
}
