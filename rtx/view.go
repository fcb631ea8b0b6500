package rtx

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"
)

// A Message is a payload together with its channel, its event and the time at which it came. Use it
// as the type of a stream: On[Message[Order]].
type Message[T any] struct {
	Channel, Event string
	Value          T         // the payload
	ReceivedAt     time.Time // when the event was read from the connection, by the local clock

	// ID is the service's id of the event. Every receiver of an event gets the same ID, so replicas
	// can compare it and a store can use it as a key. IDs have no order. It is at most 1 KiB long.
	// It is "" if the service has no connection state recovery, and for single events that the
	// service sends without one. (It is the offset of Socket.IO's connection state recovery.)
	ID string
}

// An EventUnmarshaler decodes events itself. For an On[T] or an On[*T], implement it on *T.
// UnmarshalEvent runs on the reading goroutine. payload is one valid JSON value. UnmarshalEvent
// must not change payload, must not keep it after the call, and must not call Close. If it returns
// an error or panics, the stream has a [Gap] with Malformed.
type EventUnmarshaler interface {
	UnmarshalEvent(channel, event string, payload []byte) error
}

// A decoder turns an event into a T. dst is zero when it is called.
type decoder[T any] func(e *event, dst *T) error

// viewOf returns the decoder for T. If nothing can ever be decoded into a T, it returns an
// [*OptionError] that names opener, the function that opens the stream.
func viewOf[T any](opener string, c codec) (decoder[T], error) {
	if err := checkType[T](opener, c); err != nil {
		return nil, err
	}
	return decoderOf[T](c), nil
}

func decoderOf[T any](c codec) decoder[T] {
	var zero T
	if v, ok := any(&zero).(messageView); ok {
		if d, ok := v.view(c).(decoder[T]); ok { // not so if T embeds a Message
			return d
		}
	}
	switch any(&zero).(type) {
	case EventUnmarshaler:
		return func(e *event, dst *T) error { return c.event(e, any(dst).(EventUnmarshaler)) }
	case *json.RawMessage, *[]byte:
		return rawView[T](c.maxDepth)
	}
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Pointer {
		if v, ok := any(zero).(messageView); ok {
			if d, ok := v.pointerView(c).(decoder[T]); ok {
				return d
			}
		}
		if _, ok := any(zero).(EventUnmarshaler); ok {
			return func(e *event, dst *T) error {
				*dst = reflect.New(t.Elem()).Interface().(T)
				return c.event(e, any(*dst).(EventUnmarshaler))
			}
		}
	}
	if s := c.shortcut(reflect.TypeFor[T]()); s != nil && !c.strict() {
		return func(e *event, dst *T) error { return s.unmarshal(e.payload, dst) } // smaller than by viewer
	}
	unmarshal := c.viewer(reflect.TypeFor[T]())
	if !c.strict() {
		return func(e *event, dst *T) error { return unmarshal(e.payload, dst) }
	}
	return func(e *event, dst *T) error {
		if c.judges(e.payload) {
			if err := e.judge(c.maxDepth); err != nil {
				return err
			}
		}
		return unmarshal(e.payload, dst)
	}
}

func (c codec) event(e *event, u EventUnmarshaler) error {
	if err := e.judge(c.maxDepth); err != nil {
		return err
	}
	return u.UnmarshalEvent(e.channel, e.name, e.payload)
}

// rawView serves json.RawMessage and []byte with the shared copy.
func rawView[T any](maxDepth int) decoder[T] {
	return func(e *event, dst *T) error {
		if err := e.judge(maxDepth); err != nil {
			return err
		}
		switch d := any(dst).(type) {
		case *json.RawMessage:
			*d = e.shared()
		case *[]byte:
			*d = e.shared()
		}
		return nil
	}
}

// messageView is implemented by every *Message, which alone knows the type of its value.
type messageView interface {
	view(c codec) any                    // a decoder of Message[T]
	pointerView(c codec) any             // a decoder of *Message[T]
	message() (self, value reflect.Type) // Message[T] and T
}

func (*Message[T]) view(c codec) any {
	inner := decoderOf[T](c)
	return decoder[Message[T]](func(e *event, dst *Message[T]) error {
		dst.Channel, dst.Event, dst.ReceivedAt, dst.ID = e.channel, e.name, e.at, e.messageID()
		return inner(e, &dst.Value)
	})
}

func (m *Message[T]) pointerView(c codec) any {
	inner := m.view(c).(decoder[Message[T]])
	return decoder[*Message[T]](func(e *event, dst **Message[T]) error {
		*dst = new(Message[T])
		return inner(e, *dst)
	})
}

func (*Message[T]) message() (self, value reflect.Type) {
	return reflect.TypeFor[Message[T]](), reflect.TypeFor[T]()
}

// checkType refuses a T into which no event could be decoded: a func, a channel, a complex number,
// an interface with methods, and types made only of these. A struct with other fields too is
// allowed, as in encoding/json, which fails only for a payload that has such a field. With a codec
// of the user's own, every T is allowed.
func checkType[T any](opener string, c codec) error {
	t := payloadType(reflect.TypeFor[T]())
	if c.own == nil && hopeless(t, nil) {
		return badOption(opener, "%v can't hold any JSON; with the tag `json:\"-\"` a field is left out", t)
	}
	return nil
}

// payloadType returns the type that payloads are decoded into for a stream of t. For a Message it
// is the type of the value.
func payloadType(t reflect.Type) reflect.Type {
	message := t
	if t.Kind() == reflect.Pointer {
		message = t.Elem()
	}
	if v, ok := reflect.TypeAssert[messageView](reflect.New(message)); ok {
		if self, value := v.message(); self == message { // not so if it embeds a Message
			return payloadType(value)
		}
	}
	return t
}

// hopeless reports whether nothing but null can be decoded into a t. outer are the types that
// contain it.
func hopeless(t reflect.Type, outer []reflect.Type) bool {
	p := reflect.PointerTo(t)
	if p.Implements(unmarshalEvents) || p.Implements(unmarshalJSONs) || p.Implements(unmarshalTexts) || slices.Contains(outer, t) {
		return false
	}
	outer = append(outer, t)
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return true
	case reflect.Interface:
		return t.NumMethod() > 0
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hopeless(t.Elem(), outer)
	case reflect.Map:
		return hopelessKey(t.Key()) || hopeless(t.Elem(), outer)
	case reflect.Struct:
		fields := 0
		for f := range t.Fields() {
			if f.Tag.Get("json") == "-" || !f.IsExported() && (!f.Anonymous || f.Type.Kind() != reflect.Struct) {
				continue
			}
			if fields++; !hopeless(f.Type, outer) {
				return false
			}
		}
		return fields > 0
	}
	return false
}

// hopelessKey reports whether no JSON object key can be decoded into a t.
func hopelessKey(t reflect.Type) bool {
	k := t.Kind()
	return k != reflect.String && (k < reflect.Int || k > reflect.Uintptr) && !reflect.PointerTo(t).Implements(unmarshalTexts)
}

var unmarshalEvents = reflect.TypeFor[EventUnmarshaler]()

// stamped returns a decoder that also notes when the event came, for queues that measure the lag.
// So a stream without WithLag pays nothing for it.
func stamped[T any](decode decoder[T], arrived *time.Time) decoder[T] {
	if arrived == nil {
		return decode
	}
	return func(e *event, dst *T) error {
		*arrived = e.at
		return decode(e, dst)
	}
}
