package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// New returns a client that is not connected yet. It checks the options and returns an
// [*OptionError] for a bad one. It does no I/O.
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
		state:    StateChange{State: StateIdle, At: time.Now()},
		subs:     make(map[string]*subscription),
		rooms:    make(map[*subscription]observers),
		recovery: new(recovery),
		done:     make(chan struct{}),
		trace:    newTracer(cfg.traces, cfg.log),
	}
	c.broker.lanes = make(map[any]*lane)
	if cfg.authority != nil && cfg.authority.onServer(cfg.serviceHost()) {
		c.warnOfServer()
	}
	c.ctx, c.cancel = context.WithCancel(context.Background()) //nolint:forbidigo // a client ends by Close, not with the caller of Connect
	return c, nil
}

// stableAfter is how long a connection must have been established for the back-off to begin anew.
const stableAfter = 10 * time.Second

// Dial calls [New] and then [Client.Connect]. The caller closes the client. If Dial returns an
// error, there is no client to close.
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

// Connect connects to the service and returns once the socket id is known. It makes one attempt and
// returns why it failed. It may then be called again, unless the service refused the API key, which
// is final. With [WithConnectRetry] it tries again, as long as trying again can help, until ctx
// ends. After the first success the client reconnects by itself until Close. ctx limits only the
// call, not the connection. Concurrent calls share one attempt. If the client is connected already,
// Connect returns nil at once.
//
// Connect returns a [*DialError] or a [*ConnectError] that says why the attempt failed, an
// [*InterruptedError] if ctx ended, or [ErrClosed]. Every call after a final refusal returns that
// refusal.
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
	if c.State() == StateFailed {
		c.Close()
	}
	if errors.Is(g.err, core.ErrClosed) {
		return ErrClosed
	}
	return g.err
}

// giveUp ends a call of Connect whose context has ended. It returns nil if the goal was settled at
// the same moment.
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

// Close closes the connection, ends every stream with [ErrClosed], and returns once all goroutines
// of the client have ended. It may be called at any time, any number of times. It must not be
// called from UnmarshalJSON, an Authorizer or a slog.Handler, because it would wait for itself.
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
	defer c.closed() // also if the authorizer panics
	c.do(func(m *core.Machine, now time.Time) { m.Close(now) })
	c.mu.Lock()
	running := c.running
	c.mu.Unlock()
	if running != nil {
		<-running
	}
	c.broker.wait()
	c.discardSpills()
	c.mu.Lock()
	authorities := c.authoritiesLocked()
	c.mu.Unlock()
	for _, a := range authorities {
		a.closeIdleConnections()
	}
}

// closed says that the client has ended, and its goroutines too.
func (c *Client) closed() {
	close(c.done)
	if t := c.trace; t != nil {
		t.closed.later(t, ClosedInfo{Err: c.Err()})
		t.drain()
	}
}

// Done returns a channel that is closed when the client has ended and its goroutines too. A client
// ends by Close, or because the service refused it for good; Err says which.
func (c *Client) Done() <-chan struct{} {
	if !c.made() {
		return closedChannel
	}
	return c.done
}

// Err returns why the client ended. It is nil while the client has not ended, and after Close.
// Otherwise it is the refusal by the service.
func (c *Client) Err() error {
	if !c.made() {
		return errNoClient
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// Cluster returns the cluster's name, as set by [WithCluster].
func (c *Client) Cluster() string {
	if !c.made() {
		return ""
	}
	return c.cfg.cluster
}

// Reconnect drops the connection, if there is one, and connects again now, without a back-off
// delay. Use it when the program knows that the network has changed. It does not wait for the
// result; States reports it.
func (c *Client) Reconnect() {
	if !c.made() {
		return
	}
	c.do(func(m *core.Machine, now time.Time) { m.Reconnect(now) })
}

// endLocked marks the client as ended and returns what ends with it. err is nil for Close.
func (c *Client) endLocked(err error) *ending {
	if c.ended {
		return nil
	}
	c.ended, c.failure = true, err
	c.lapses = lapses{}
	e := &ending{
		failure: err, reason: c.endErrLocked(), bindings: c.bindings.slice(), watches: c.watchersLocked(),
	}
	e.facts = c.takeObserversLocked(e.reason)
	c.takeHoldsLocked(e.reason)
	c.bindings, c.watches, c.complaints = openStreams{}, watches[StateChange]{}, watches[ServiceError]{}
	return e
}

// watchersLocked returns the open streams of the states and of the service's errors.
func (c *Client) watchersLocked() (all []owner) {
	for w := range c.watches.open.all() {
		all = append(all, w)
	}
	for w := range c.complaints.open.all() {
		all = append(all, w)
	}
	return all
}

// over ends everything of the client that users see: streams, rooms, states, waits. Close waits for
// the goroutines.
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

// takeObserversLocked removes the rooms from their channels, and returns what to tell them.
func (c *Client) takeObserversLocked(err error) (facts []factFor) {
	for ch := range c.machine.Channels() {
		s := c.ofLocked(ch)
		o, ok := c.rooms[s]
		if !ok {
			continue
		}
		facts = append(facts, factFor{o.Observer, observe.Fact{Kind: observe.Ended, Err: err}})
		delete(c.rooms, s)
		for range o.count {
			c.releaseLocked(s, s.Generation())
		}
	}
	return facts
}

// takeHoldsLocked ends the holds of all channels with err.
func (c *Client) takeHoldsLocked(err error) {
	for ch := range c.machine.Channels() {
		s := c.ofLocked(ch)
		n := s.holds.len()
		s.endHoldsLocked(err)
		for range n {
			c.releaseLocked(s, s.Generation())
		}
	}
}

// Drain ends every stream and room, and waits until every stream's C is closed. It returns nil
// then, or the cause of ctx. Buffered values stay readable, a stream with the policy Grow first
// delivers all that it keeps, and Err of a drained stream is nil. The connection stays up. Every
// [Hold] stays too, so its channel stays subscribed and Trigger works. Streams can be opened
// afterwards.
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

// showLocked pushes a state change to the watchers. If it is the last one, it also ends the client.
// It does so under the lock, to keep the order of the machine's changes; a push never blocks.
func (c *Client) showLocked(s *core.State) *ending {
	c.state = shown(s)
	if s.Conn == core.Established {
		c.state.Transport = c.transportLocked()
	}
	c.watches.tellLocked(c.state)
	switch s.Conn {
	case core.Established:
		c.stats.connects.Add(1)
		c.lapses.settled()
	case core.Closed:
		return c.endLocked(nil)
	case core.Failed:
		return c.endLocked(s.Err)
	}
	return nil
}

// State returns the state of the connection now. It never blocks.
func (c *Client) State() State {
	if !c.made() {
		return StateClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.State(c.state.At)
	return shown(&s).State
}

// SocketID returns the id of the current connection, or "" if there is none. Signatures are made
// for this id.
func (c *Client) SocketID() string {
	if !c.made() {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.machine.SocketID()
}

// Transport returns what carries the connection now, or "" if there is none. A connection that began
// with [Polling] may be on a [WebSocket] later. It never blocks.
func (c *Client) Transport() Transport {
	if !c.made() {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transportLocked()
}

func (c *Client) transportLocked() Transport {
	if s, ok := c.session.(interface{ Transport() transport.Kind }); ok {
		return Transport(s.Transport())
	}
	return ""
}
