package rtxotel

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
)

const (
	attrState    = attribute.Key("realtimex.client.state")
	attrLagBound = attribute.Key("realtimex.lag.bound")
)

// clientCounters are the counters of a client, each a field of [rtx.Stats].
var clientCounters = []struct {
	name, unit, description string
	of                      func(*rtx.Stats) uint64
}{
	{"realtimex.client.connects", "{connection}", "Number of connections that were made.", func(s *rtx.Stats) uint64 { return s.Connects }},
	{"realtimex.client.received", "{event}", "Number of events that were received, the service's own included.", func(s *rtx.Stats) uint64 { return s.Received }},
	{"realtimex.client.unclaimed", "{event}", "Number of events that no open stream received.", func(s *rtx.Stats) uint64 { return s.Unclaimed }},
	{"realtimex.client.unknown", "{event}", "Number of events of an unknown form, which were ignored.", func(s *rtx.Stats) uint64 { return s.Unknown }},
	{"realtimex.client.ignored", "{event}", "Number of untrusted events with a reserved name, which were ignored.", func(s *rtx.Stats) uint64 { return s.Ignored }},
	{"realtimex.client.errors", "{error}", "Number of errors that the service reported.", func(s *rtx.Stats) uint64 { return s.Errors }},
	{"realtimex.client.dropped", "{message}", "Number of values that did not fit the buffers of streams.", func(s *rtx.Stats) uint64 { return s.Dropped }},
	{"realtimex.client.malformed", "{message}", "Number of payloads that could not be decoded, counted once for each stream.", func(s *rtx.Stats) uint64 { return s.Malformed }},
}

// clientLevels are what a client has now.
var clientLevels = []struct {
	name, unit, description string
	of                      func(*rtx.Stats) int
}{
	{"realtimex.client.channels", "{channel}", "Number of held channels.", func(s *rtx.Stats) int { return s.Channels }},
	{"realtimex.client.streams", "{stream}", "Number of open streams.", func(s *rtx.Stats) int { return s.Streams }},
	{"realtimex.client.rooms", "{room}", "Number of open presence rooms.", func(s *rtx.Stats) int { return s.Rooms }},
}

// clients are the observed clients and the instruments that observe them.
type clients struct {
	consumed messagingconv.ClientConsumedMessagesObservable
	counters []metric.Int64ObservableCounter
	levels   []metric.Int64ObservableUpDownCounter
	states   metric.Int64ObservableUpDownCounter
	streams  streamInstruments

	registering  sync.Mutex          // guards registration; it waits for a collection, which never takes it
	registration metric.Registration // nil if the meter does not have the callback

	mu   sync.Mutex // guards what follows; a collection takes it, so the meter is not called under it
	of   map[*rtx.Client]*seen
	gone figures // of the clients that are observed no more
}

// figures are the counters of one client or several.
type figures struct {
	delivered uint64
	counters  []uint64
	streams   map[string]*streamFigures // by name, of streams that have ended
}

func (c *clients) instruments(m metric.Meter) error {
	var errs []error
	made := func(err error) { errs = append(errs, err) }
	var err error
	c.consumed, err = messagingconv.NewClientConsumedMessagesObservable(m)
	made(err)
	for _, def := range clientCounters {
		i, err := m.Int64ObservableCounter(def.name, metric.WithUnit(def.unit), metric.WithDescription(def.description))
		c.counters = append(c.counters, i)
		made(err)
	}
	for _, def := range clientLevels {
		i, err := m.Int64ObservableUpDownCounter(def.name, metric.WithUnit(def.unit), metric.WithDescription(def.description))
		c.levels = append(c.levels, i)
		made(err)
	}
	c.states, err = m.Int64ObservableUpDownCounter("realtimex.client.count", metric.WithUnit("{client}"),
		metric.WithDescription("Number of clients, by the state of their connection."))
	made(err)
	made(c.streams.instruments(m))
	return errors.Join(errs...)
}

func (c *clients) all() []metric.Observable {
	all := append([]metric.Observable{c.consumed.Inst(), c.states}, c.streams.all()...)
	for _, i := range c.counters {
		all = append(all, i)
	}
	for _, i := range c.levels {
		all = append(all, i)
	}
	return all
}

// A Registration is a client that is observed.
type Registration struct {
	t *Telemetry
	c *rtx.Client
}

// Observe makes the observable metrics count a client, until Unregister, or until a collection
// finds that the client has ended. Clients of one Telemetry are added up; what a client has counted
// stays in the sums. Collecting calls Stats and StreamStats of each client. Observe returns an
// error if c is nil or observed already, and the meter's error if it does not take the callback.
func (t *Telemetry) Observe(c *rtx.Client) (*Registration, error) {
	if t == nil {
		return nil, nil
	}
	if c == nil {
		return nil, errors.New("rtxotel: Observe: the client is nil")
	}
	if err := t.clients.register(t.meter, t.collect); err != nil {
		return nil, err
	}
	t.clients.mu.Lock()
	defer t.clients.mu.Unlock()
	if t.clients.of[c] != nil {
		return nil, errors.New("rtxotel: Observe: the client is observed already")
	}
	if t.clients.of == nil {
		t.clients.of = make(map[*rtx.Client]*seen)
	}
	t.clients.of[c] = &seen{}
	return &Registration{t, c}, nil
}

// Unregister ends the observation of the client. Its gauges go, and what it has counted stays in
// the sums. It may be called any number of times, and on nil.
func (r *Registration) Unregister() {
	if r == nil {
		return
	}
	c := &r.t.clients
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.of[r.c]; s != nil {
		c.leave(r.t, r.c, s)
	}
}

// Close takes the callback of the observable metrics from the meter, and forgets all clients and
// sums. Spans and the other metrics are not affected. It returns the meter's error. On a nil
// Telemetry it does nothing.
func (t *Telemetry) Close() error {
	if t == nil {
		return nil
	}
	c := &t.clients
	c.registering.Lock()
	defer c.registering.Unlock()
	c.mu.Lock()
	c.of, c.gone = nil, figures{}
	c.mu.Unlock()
	if c.registration == nil {
		return nil
	}
	r := c.registration
	c.registration = nil
	return r.Unregister()
}

// register gives the callback to the meter, if it does not have it.
func (c *clients) register(m metric.Meter, collect metric.Callback) (err error) {
	c.registering.Lock()
	defer c.registering.Unlock()
	if c.registration == nil {
		c.registration, err = m.RegisterCallback(collect, c.all()...)
	}
	return err
}

// leave adds what a client has counted to that of those that have left.
func (c *clients) leave(t *Telemetry, client *rtx.Client, s *seen) {
	stats := client.Stats()
	s.look(t, client.StreamStats())
	s.endAll(t)
	c.gone.add(&stats, s.ended)
	delete(c.of, client)
}

// add adds one client's counters.
func (f *figures) add(s *rtx.Stats, streams map[string]*streamFigures) {
	if f.counters == nil {
		f.counters, f.streams = make([]uint64, len(clientCounters)), make(map[string]*streamFigures)
	}
	f.delivered += s.Delivered
	for i := range clientCounters {
		f.counters[i] += clientCounters[i].of(s)
	}
	addStreams(f.streams, streams)
}

// collect is the callback of all observable instruments.
func (t *Telemetry) collect(_ context.Context, o metric.Observer) error {
	c := &t.clients
	c.mu.Lock()
	defer c.mu.Unlock()
	sums := figures{}
	sums.add(&rtx.Stats{}, c.gone.streams)
	if c.gone.counters != nil {
		sums.delivered = c.gone.delivered
		copy(sums.counters, c.gone.counters)
	}
	levels := make([]int, len(clientLevels))
	states := make(map[rtx.State]int64)
	live := make(map[string]*streamLevels)
	for client, s := range c.of {
		select {
		case <-client.Done():
			stats := client.Stats()
			s.endAll(t)
			sums.add(&stats, s.ended)
			c.gone.add(&stats, s.ended)
			delete(c.of, client)
			continue
		default:
		}
		stats := client.Stats()
		s.look(t, client.StreamStats())
		sums.add(&stats, s.ended)
		s.addLive(t, sums.streams, live)
		for i := range clientLevels {
			levels[i] += clientLevels[i].of(&stats)
		}
		states[client.State()]++
	}
	t.show(o, &sums, levels, states, live)
	return nil
}

// show observes one collection.
func (t *Telemetry) show(o metric.Observer, sums *figures, levels []int, states map[rtx.State]int64, live map[string]*streamLevels) {
	c := &t.clients
	own := metric.WithAttributes(t.cfg.client()...)
	o.ObserveInt64(c.consumed.Inst(), int64(sums.delivered), metric.WithAttributes(t.cfg.common(opReceive)...))
	for i := range c.counters {
		o.ObserveInt64(c.counters[i], int64(sums.counters[i]), own)
	}
	for i := range c.levels {
		o.ObserveInt64(c.levels[i], int64(levels[i]), own)
	}
	for _, state := range []rtx.State{rtx.StateIdle, rtx.StateConnecting, rtx.StateConnected, rtx.StateReconnecting} {
		o.ObserveInt64(c.states, states[state], metric.WithAttributes(append(t.cfg.client(), attrState.String(state.String()))...))
	}
	c.streams.show(o, t, sums.streams, live)
}

// lagBounds are the bounds of lags, in seconds.
var lagBounds = func() (all []float64) {
	for _, b := range rtx.LagBounds() {
		all = append(all, float64(b.Nanoseconds())/1e9) // the nearest to the decimal number, unlike b.Seconds()
	}
	return all
}()

// bounds are the values of realtimex.lag.bound.
var bounds = func() (all []string) {
	for _, b := range lagBounds {
		all = append(all, strconv.FormatFloat(b, 'f', -1, 64))
	}
	return append(all, "inf")
}()
