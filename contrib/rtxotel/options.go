package rtxotel

import (
	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// An Option configures a [Telemetry].
type Option interface{ apply(*config) error }

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	tracers     trace.TracerProvider
	meters      metric.MeterProvider
	destination func(channel string) Destination
	stream      func(name string) string
	errorType   func(error) string
	errorText   func(error) string
	address     string
	port        int
	clientID    string
	parent      bool
	baggage     bool
}

func newConfig(opts []Option) (config, error) {
	var c config
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

func badOption(name, reason string) error { return &rtx.OptionError{Option: name, Reason: reason} }

// notNil is an option that sets a field to v, which must not be nil.
func notNil[T any](name string, isNil bool, field func(*config) *T, v T) Option {
	return option(func(c *config) error {
		if isNil {
			return badOption(name, "is nil")
		}
		*field(c) = v
		return nil
	})
}

// WithTracerProvider sets where spans go. The default is otel.GetTracerProvider().
func WithTracerProvider(p trace.TracerProvider) Option {
	return notNil("WithTracerProvider", p == nil, func(c *config) *trace.TracerProvider { return &c.tracers }, p)
}

// WithMeterProvider sets where metrics go. The default is otel.GetMeterProvider().
func WithMeterProvider(p metric.MeterProvider) Option {
	return notNil("WithMeterProvider", p == nil, func(c *config) *metric.MeterProvider { return &c.meters }, p)
}

// WithServer sets server.address and server.port, which spans and metrics of the conventions then
// have: the service's host name and port, as given to [rtx.WithHost], [rtx.WithPort] or
// [rtx.WithURL]. Give no user name, query or anything else that a URL may have. The default is
// none. A port of 0 leaves server.port out.
func WithServer(address string, port int) Option {
	return option(func(c *config) error {
		switch {
		case address == "" || !hostName(address):
			return badOption("WithServer", "the address is not a host name or an IP address")
		case port < 0 || port > 65535:
			return badOption("WithServer", "the port is not one of 0 to 65535")
		}
		c.address, c.port = address, port
		return nil
	})
}

// hostName reports whether s can be a host name or an IP address, so that a URL with a secret in it
// is not taken for one.
func hostName(s string) bool {
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == ':', r == '_':
		default:
			return false
		}
	}
	return len(s) <= 253
}

// WithClientID sets messaging.client.id: a name of yours for the client or the program, such as
// "billing-3". Spans have it, and the metrics of this package's own namespace. Socket ids are not
// used for it, because they belong to signatures. The default is none.
func WithClientID(id string) Option {
	return option(func(c *config) error {
		if id == "" {
			return badOption("WithClientID", "is empty")
		}
		c.clientID = id
		return nil
	})
}

// WithStreamName sets a function that turns the name of a stream into realtimex.stream.name, which
// the metrics of streams then have. The results must be few. The name of a stream is that of
// [rtx.WithName], or begins with its channel's, so return "" for those that you did not name. The
// metrics of all streams of one result are added up. The function runs while metrics are collected,
// and in hooks; it must be quick. By default there are no names, and every metric is the sum over
// all streams.
func WithStreamName(of func(name string) string) Option {
	return notNil("WithStreamName", of == nil, func(c *config) *func(string) string { return &c.stream }, of)
}

// WithErrorType sets a function that returns error.type for an error. The values must be few. If it
// returns "", the default is used: see "Errors" above.
func WithErrorType(of func(error) string) Option {
	return notNil("WithErrorType", of == nil, func(c *config) *func(error) string { return &c.errorType }, of)
}

// WithErrorText sets a function that returns the status description of a failed span. Give
// error.Error if your handlers' errors hold no secrets. The default is none, because the text of an
// error may have a URL with a token in it, or a part of a payload. Metrics never have the text.
func WithErrorText(of func(error) string) Option {
	return notNil("WithErrorText", of == nil, func(c *config) *func(error) string { return &c.errorText }, of)
}

// WithProducerAsParent makes the producer's span the parent of a process span. The span then
// belongs to the producer's trace, and whoever may publish decides whether it is sampled. It has a
// link to the producer's span all the same, and one to the span of the context that was given, if
// there is one. Batches are not affected. By default the parent is the span of the context, and the
// producer's span is only linked, as the conventions recommend.
func WithProducerAsParent() Option {
	return option(func(c *config) error { c.parent = true; return nil })
}

// WithBaggage makes [Telemetry.Inject] and [Telemetry.Trigger] send the baggage of the context
// along, and gives handlers a context with the baggage that came with the message. Everybody on the
// channel can read what is sent, and whoever may publish decides what comes. The default is off.
func WithBaggage() Option {
	return option(func(c *config) error { c.baggage = true; return nil })
}
