package rtx

import (
	"encoding/json"
	"errors"
	"reflect"
	"time"
)

// A Message is a view of an event with where it came from.
type Message[T any] struct {
	Channel, Event string
	Value          T         // the payload
	ReceivedAt     time.Time // when the frame was read, by the local clock
}

// An EventUnmarshaler decodes events itself. It is implemented by *T for an On[T] or an On[*T]. UnmarshalEvent runs on
// the connection's reader. payload is one valid JSON value; it must not be changed, nor kept past the call, and Close must
// not be called. An error, or a panic, becomes a [Gap] with Malformed.
type EventUnmarshaler interface {
	UnmarshalEvent(channel, event string, payload []byte) error
}

// A decoder turns an event into a T. dst is zero when it is called.
type decoder[T any] func(e *event, dst *T) error

// errBroken says that a payload is not JSON; the reader then looks at the whole frame.
var errBroken = errors.New("payload is not valid JSON")

// viewOf chooses the decoder that T asks for.
func viewOf[T any](unmarshal func([]byte, any) error) decoder[T] {
	var zero T
	if v, ok := any(&zero).(messageView); ok {
		if d, ok := v.view(unmarshal).(decoder[T]); ok { // not so if T embeds a Message
			return d
		}
	}
	switch any(&zero).(type) {
	case EventUnmarshaler:
		return func(e *event, dst *T) error { return unmarshalEvent(e, any(dst).(EventUnmarshaler)) }
	case *json.RawMessage, *[]byte:
		return rawView[T]
	}
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Pointer {
		if v, ok := any(zero).(messageView); ok {
			if d, ok := v.pointerView(unmarshal).(decoder[T]); ok {
				return d
			}
		}
		if _, ok := any(zero).(EventUnmarshaler); ok {
			return func(e *event, dst *T) error {
				*dst = reflect.New(t.Elem()).Interface().(T)
				return unmarshalEvent(e, any(*dst).(EventUnmarshaler))
			}
		}
	}
	return func(e *event, dst *T) error { return unmarshal(e.payload, dst) }
}

func unmarshalEvent(e *event, u EventUnmarshaler) error {
	if !e.valid() {
		return errBroken
	}
	return u.UnmarshalEvent(e.channel, e.name, e.payload)
}

// rawView serves json.RawMessage and []byte with the shared copy.
func rawView[T any](e *event, dst *T) error {
	if !e.valid() {
		return errBroken
	}
	switch d := any(dst).(type) {
	case *json.RawMessage:
		*d = e.shared()
	case *[]byte:
		*d = e.shared()
	}
	return nil
}

// messageView is implemented by every *Message, which alone knows the type of its value.
type messageView interface {
	view(unmarshal func([]byte, any) error) any        // a decoder of Message[T]
	pointerView(unmarshal func([]byte, any) error) any // a decoder of *Message[T]
}

func (*Message[T]) view(unmarshal func([]byte, any) error) any {
	inner := viewOf[T](unmarshal)
	return decoder[Message[T]](func(e *event, dst *Message[T]) error {
		dst.Channel, dst.Event, dst.ReceivedAt = e.channel, e.name, e.at
		return inner(e, &dst.Value)
	})
}

func (m *Message[T]) pointerView(unmarshal func([]byte, any) error) any {
	inner := m.view(unmarshal).(decoder[Message[T]])
	return decoder[*Message[T]](func(e *event, dst **Message[T]) error {
		*dst = new(Message[T])
		return inner(e, *dst)
	})
}
