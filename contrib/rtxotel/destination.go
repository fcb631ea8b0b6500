package rtxotel

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"
)

// A Destination says how metrics and span names call a channel. Names of channels are often made
// from ids, so by default they have only a template.
type Destination struct {
	// Name is messaging.destination.name of metrics. Set it only if there are few such channels.
	Name string

	// Template is messaging.destination.template of metrics and spans, such as
	// "private-orders-{customer}". Span names have it too; without it they have Name.
	Template string
}

// WithDestination sets a function that returns the [Destination] of a channel. It runs for each
// message, and must be quick. After 1,000 different results, or for one with two empty fields, the
// default is used: the template "private-{name}", "presence-{name}" or "{name}".
func WithDestination(of func(channel string) Destination) Option {
	return notNil("WithDestination", of == nil, func(c *config) *func(string) Destination { return &c.destination }, of)
}

const maxRoutes = 1000

// A route is what spans and metrics say of a channel. It is made once for each Destination.
type route struct {
	connect, subscribe, trigger, process operation

	lag     []metric.RecordOption // realtimex.process.lag
	gapSpan string                // the name of the span of a gap
	gap     trace.SpanStartOption // its attributes that are the same for every gap
}

// An operation is what spans and metrics say of one operation on a channel.
type operation struct {
	span   string                // the span's name
	start  trace.SpanStartOption // the span's attributes that are the same for every message
	record []metric.RecordOption // of a histogram of durations, without an error
	add    []metric.AddOption    // of a counter of messages, without an error
}

// routes finds the route of a channel.
type routes struct {
	cfg *config
	mu  sync.RWMutex
	of  map[Destination]*route
}

// templateOf returns the default template of a channel.
func templateOf(channel string) string {
	switch {
	case channel == "":
		return ""
	case strings.HasPrefix(channel, "private-"):
		return "private-{name}"
	case strings.HasPrefix(channel, "presence-"):
		return "presence-{name}"
	}
	return "{name}"
}

// route returns the route of a channel. The channel is "" for what belongs to no channel.
func (r *routes) route(channel string) *route {
	var d Destination
	if r.cfg.destination != nil && channel != "" {
		d = r.cfg.destination(channel)
	}
	usual := Destination{Template: templateOf(channel)}
	if d == (Destination{}) {
		d = usual
	}
	r.mu.RLock()
	found := r.of[d]
	r.mu.RUnlock()
	if found != nil {
		return found
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if found = r.of[d]; found != nil {
		return found
	}
	if r.of == nil {
		r.of = make(map[Destination]*route)
	}
	if len(r.of) >= maxRoutes {
		d = usual // one of four, which may come on top
		if found = r.of[d]; found != nil {
			return found
		}
	}
	found = r.cfg.route(d)
	r.of[d] = found
	return found
}

// route makes a route.
func (c *config) route(d Destination) *route {
	var destination []attribute.KeyValue
	if d.Template != "" {
		destination = append(destination, semconv.MessagingDestinationTemplate(d.Template))
	}
	span := append(c.client(), semconv.MessagingSystemKey.String(System))
	span = append(append(span, c.server()...), destination...) // the name follows with each message
	if d.Name != "" {
		destination = append(destination, semconv.MessagingDestinationName(d.Name))
	}
	return &route{
		connect:   c.operation(d, opConnect, "", span, destination),
		subscribe: c.operation(d, opSubscribe, "", span, destination),
		trigger:   c.operation(d, opTrigger, messagingconv.OperationTypeSend, span, destination),
		process:   c.operation(d, opProcess, messagingconv.OperationTypeProcess, span, destination),
		lag:       []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(append(c.client(), destination...)...))},
		gapSpan:   titled("gap", d),
		gap:       trace.WithAttributes(span...),
	}
}

// operation makes what is said of an operation. typ is "" if the conventions have no type for it.
func (c *config) operation(d Destination, name string, typ messagingconv.OperationTypeAttr, span, destination []attribute.KeyValue) operation {
	counted := append(c.common(name), destination...)
	timed := slices.Clone(counted)
	span = append(slices.Clone(span), semconv.MessagingOperationName(name))
	if typ != "" {
		span = append(span, semconv.MessagingOperationTypeKey.String(string(typ)))
		if typ != messagingconv.OperationTypeProcess { // messaging.process.duration has none
			timed = append(timed, semconv.MessagingOperationTypeKey.String(string(typ)))
		}
	}
	return operation{
		span:   titled(name, d),
		start:  trace.WithAttributes(span...),
		record: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(timed...))},
		add:    []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(counted...))},
	}
}

// titled returns the name of a span.
func titled(operation string, d Destination) string {
	return strings.TrimSpace(operation + " " + cmp.Or(d.Template, d.Name))
}

// common returns the attributes that every metric of the conventions has.
func (c *config) common(operation string) []attribute.KeyValue {
	return append(c.server(), semconv.MessagingSystemKey.String(System), semconv.MessagingOperationName(operation))
}

// server returns server.address and server.port, as far as they are known.
func (c *config) server() (a []attribute.KeyValue) {
	if c.address != "" {
		a = append(a, semconv.ServerAddress(c.address))
		if c.port != 0 {
			a = append(a, semconv.ServerPort(c.port))
		}
	}
	return a
}

// client returns messaging.client.id, if it is known.
func (c *config) client() (a []attribute.KeyValue) {
	if c.clientID != "" {
		a = append(a, semconv.MessagingClientID(c.clientID))
	}
	return a
}
