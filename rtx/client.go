package rtx

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A Client is one connection to the service and the streams on it. All its methods may be called concurrently.
type Client struct {
	cfg    *config // behind a pointer, as recovery is, so that no print of a struct that holds a client shows it
	sup    *transport.Supervisor
	ctx    context.Context // ends when the client does
	cancel context.CancelFunc
	stats  counters
	reader reader // the reader's goroutine alone

	mu            sync.Mutex // guards what follows; never held across anything that can block
	state         StateChange
	stateWatches  map[*stateWatch]struct{}
	session       transport.Session // nil while there is none
	sessionCtx    context.Context   // ends with the session
	sessionEnd    context.CancelFunc
	socketID      string
	upAt          time.Time
	epoch         uint64 // counts lost sessions
	connectedOnce bool
	subs          map[string]*subscription
	queue         []*subscription // what the supervisor looks at next
	alarms        alarms
	spills        map[*binding]struct{} // streams that have ended and still let values out; nil once Close has looked
	bindings      map[*binding]struct{}
	routes        routes // of the streams of the whole client
	broker        broker
	pings         pings
	recovery      *recovery
	ended         bool
	failure       error
	closeOnce     sync.Once
	done          chan struct{}
}

// New makes a client. It checks the options and connects to nothing; a bad option is an [*OptionError].
func New(apiKey string, opts ...Option) (*Client, error) {
	cfg, err := newConfig(apiKey, opts)
	if err != nil {
		return nil, err
	}
	dialer, err := transport.NewDialer(transport.Config{
		URL: cfg.serviceURL(), APIKey: apiKey, Header: cfg.header, HTTPClient: cfg.http,
		ReadLimit: cfg.readLimit, Logger: cfg.log,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:          &cfg,
		state:        StateChange{State: Idle, At: time.Now()},
		stateWatches: make(map[*stateWatch]struct{}),
		subs:         make(map[string]*subscription),
		bindings:     make(map[*binding]struct{}),
		recovery:     new(recovery),
		spills:       make(map[*binding]struct{}),
		done:         make(chan struct{}),
	}
	if a, ok := cfg.authorizer.(interface{ SameServer(hostport string) bool }); ok && a.SameServer(cfg.serviceHost()) {
		cfg.log.Warn("rtx: the auth endpoint is on the RealtimeX server's own host and port; it must be your own backend")
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.broker.limit = concurrency(cfg.authorizer)
	c.sup = transport.NewSupervisor(dialer, handler{c}, transport.SupervisorOptions{Backoff: cfg.backoff, Logger: cfg.log})
	return c, nil
}

// Dial is [New] and [Client.Connect]. On an error there is no client to close.
func Dial(ctx context.Context, apiKey string, opts ...Option) (*Client, error) {
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
func (c *Client) Connect(ctx context.Context) error {
	err := c.sup.Connect(ctx, c.cfg.connectRetry)
	if err == nil {
		return nil
	}
	c.mu.Lock()
	if c.state.State == Connecting {
		c.setState(StateChange{State: Idle, Err: err})
	}
	c.mu.Unlock()
	if errors.Is(err, transport.ErrClosed) {
		return c.endErrLocked()
	}
	if final := c.sup.Err(); final != nil {
		c.end(final)
		c.Close()
	}
	return err
}

// Close leaves the service politely, ends every stream with [ErrClosed], and returns once none of the client's
// goroutines is left. It is idempotent and may be called at any moment, but not from UnmarshalJSON, an Authorizer or a
// slog.Handler: it would wait for itself.
func (c *Client) Close() error {
	c.closeOnce.Do(func() {
		c.end(nil)
		c.sup.Close()
		c.broker.wait()
		c.discardSpills()
		if a, ok := c.cfg.authorizer.(interface{ CloseIdleConnections() }); ok {
			a.CloseIdleConnections()
		}
		close(c.done)
	})
	<-c.done
	return nil
}

// Done is closed when the client has ended and none of its goroutines is left: after Close, or after the service refused
// it for good; Err tells.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the client ended: nil while it has not and after Close, else the service's refusal.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// Cluster returns the cluster's name, as [WithCluster] set it.
func (c *Client) Cluster() string { return c.cfg.cluster }

// Reconnect drops the connection, if there is one, and makes a new one now, without waiting for a delay: for programs
// that know that the network changed. It does not wait for the outcome; States tells it.
func (c *Client) Reconnect() { c.sup.Reconnect() }

// end ends the client for its users: streams, states, waits. err is nil for Close. What runs is waited for by Close.
func (c *Client) end(err error) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended = true
	c.failure = err
	state := StateChange{State: Closed}
	if err != nil {
		state = StateChange{State: Failed, Err: err}
	}
	c.setState(state)
	reason := c.endErr()
	bindings, trackers, watches := c.bindings, c.takeTrackers(), c.stateWatches
	c.bindings, c.stateWatches = nil, nil
	c.mu.Unlock()
	c.cancel()
	for b := range bindings {
		b.end(reason, true)
	}
	for _, t := range trackers {
		t.End(reason)
	}
	for w := range watches {
		w.end(reason, true)
	}
	if err != nil {
		c.cfg.log.Error("rtx: the service refused the client", "error", err)
	}
}

// endErr is what streams and calls get after the end. The caller holds c.mu.
func (c *Client) endErr() error {
	if c.failure != nil {
		return c.failure
	}
	return ErrClosed
}

func (c *Client) endErrLocked() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endErr()
}

// Drain ends every stream with Err nil: what they have buffered stays readable, a Grow stream's spill is let out, and C
// is closed after it. It returns when every C is closed, or with ctx's cause. The connection stays up, and channels that
// Subscribe holds stay subscribed, for Trigger. A stream opened later is a new one.
func (c *Client) Drain(ctx context.Context) error {
	c.mu.Lock()
	bindings := make([]*binding, 0, len(c.bindings))
	for b := range c.bindings {
		bindings = append(bindings, b)
	}
	watches := make([]*stateWatch, 0, len(c.stateWatches))
	for w := range c.stateWatches {
		watches = append(watches, w)
	}
	trackers := c.takeTrackers()
	c.mu.Unlock()
	for _, b := range bindings {
		b.end(nil, false)
	}
	for _, w := range watches {
		w.end(nil, false)
	}
	for _, t := range trackers {
		t.End(nil)
	}
	for _, b := range bindings {
		if err := b.sink.drained(ctx); err != nil {
			return err
		}
	}
	return nil
}
