package rtxotel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// A TraceContext is the context of a producer's span, in the form that W3C gives it. A payload
// carries it only if its type says so. Embed it in a type of your own, beside the fields that are
// there already:
//
//	type Order struct {
//		rtxotel.TraceContext
//		ID int `json:"id"`
//	}
//
// Receivers that know nothing of it ignore the three fields, and an event without them can be
// received all the same. For a payload that is no object, use [Traced]. The producer fills it by
// [Telemetry.Inject]. Everybody on the channel can read it. What comes may be anything: a
// TraceContext that can't be parsed is none.
type TraceContext struct {
	Traceparent string `json:"traceparent,omitempty"`
	Tracestate  string `json:"tracestate,omitempty"`
	Baggage     string `json:"baggage,omitempty"` // only with WithBaggage
}

// SpanContext returns the context of the producer's span. It is not valid if there is none.
func (c TraceContext) SpanContext() trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), carrier{&c}) //nolint:forbidigo // only Extract writes to it
	return trace.SpanContextFromContext(ctx)
}

func (c TraceContext) producer() TraceContext { return c }

// A producer is a payload with a TraceContext: one that embeds it, or a Traced.
type producer interface{ producer() TraceContext }

// carrier lets a propagator read and write a TraceContext.
type carrier struct{ *TraceContext }

func (c carrier) field(key string) *string {
	switch key {
	case "traceparent":
		return &c.Traceparent
	case "tracestate":
		return &c.Tracestate
	case "baggage":
		return &c.TraceContext.Baggage
	}
	return new(string)
}

func (c carrier) Get(key string) string { return *c.field(key) }
func (c carrier) Set(key, value string) { *c.field(key) = value }
func (c carrier) Keys() []string        { return []string{"traceparent", "tracestate", "baggage"} }

// Inject returns the TraceContext of the span in ctx. It is for events that are published otherwise
// than by [Telemetry.Trigger], such as by a backend over HTTP, and for payloads that embed a
// TraceContext. It is empty if there is no span in ctx. The form is always W3C's, whatever the
// global propagator of package otel is.
func (t *Telemetry) Inject(ctx context.Context) (c TraceContext) {
	if t == nil {
		return c
	}
	propagation.TraceContext{}.Inject(ctx, carrier{&c})
	if t.cfg.baggage {
		propagation.Baggage{}.Inject(ctx, carrier{&c})
	}
	return c
}

// A Traced is a payload of any type with a [TraceContext] beside it. As JSON it is an object with
// the field "data", and "traceparent", "tracestate" and "baggage" where they are set. Open a stream
// of rtx.Message[Traced[T]] to receive it; a payload without "data" is not a Traced, so it is a gap
// with Malformed. The data is decoded and encoded by encoding/json, also with rtx.WithJSON.
type Traced[T any] struct {
	TraceContext
	Data T
}

// MarshalJSON implements json.Marshaler.
func (v Traced[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		TraceContext
		Data T `json:"data"`
	}{v.TraceContext, v.Data})
}

var errNoData = errors.New(`rtxotel: a Traced has a field "data"`)

// UnmarshalJSON implements json.Unmarshaler. It returns an error if there is no "data".
func (v *Traced[T]) UnmarshalJSON(b []byte) error {
	form := struct {
		TraceContext
		Data present[T] `json:"data"`
	}{Data: present[T]{of: &v.Data}}
	if err := json.Unmarshal(b, &form); err != nil {
		return fmt.Errorf("rtxotel: decoding a Traced: %w", err)
	}
	if !form.Data.is {
		return errNoData
	}
	v.TraceContext = form.TraceContext
	return nil
}

// present decodes into of, and tells an absent field from null.
type present[T any] struct {
	of *T
	is bool
}

func (p *present[T]) UnmarshalJSON(b []byte) error {
	p.is = true
	return json.Unmarshal(b, p.of)
}

// carrying returns a copy with a TraceContext.
func (v Traced[T]) carrying(c TraceContext) any {
	v.TraceContext = c
	return v
}

// envelope returns the type that carrying is of, since a struct that embeds a Traced has it too.
func (v Traced[T]) envelope() reflect.Type { return reflect.TypeFor[Traced[T]]() }

// An enveloped is a Traced or a pointer to one.
type enveloped interface {
	producer
	carrying(TraceContext) any
	envelope() reflect.Type
}

// asEnvelope returns data if it is a Traced, or a pointer to one that is not nil.
func asEnvelope(data any) (enveloped, bool) {
	e, ok := data.(enveloped)
	if !ok {
		return nil, false
	}
	v := reflect.ValueOf(data)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, false
		}
		v = v.Elem()
	}
	return e, v.Type() == e.envelope()
}

// producerIn returns the producer's context that data carries. It is empty if it carries none.
func producerIn(data any) TraceContext {
	p, ok := data.(producer)
	if v := reflect.ValueOf(data); !ok || v.Kind() == reflect.Pointer && v.IsNil() {
		return TraceContext{}
	}
	return p.producer()
}

// producerOf returns the producer's context that a payload carries. It is empty if it carries none.
// A payload of another type is not moved to the heap.
func producerOf[T any](v *T) TraceContext {
	if _, ok := any((*T)(nil)).(producer); ok {
		p := *v
		return any(&p).(producer).producer()
	}
	if reflect.TypeFor[T]().Kind() == reflect.Pointer {
		return producerIn(*v)
	}
	return TraceContext{}
}
