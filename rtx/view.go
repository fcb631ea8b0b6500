package rtx

import (
	"encoding/json"
	"errors"
	"time"
)

// A Message is a view of an event with where it came from.
type Message[T any] struct {
	Channel, Event string
	Value          T         // the payload
	ReceivedAt     time.Time // when the frame was read, by the local clock
}

// An EventUnmarshaler decodes events itself. It is implemented by *T for an On[T]. UnmarshalEvent runs on the
// connection's reader, must not keep payload, which is valid JSON, and must not call Close.
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
	switch v := any(&zero).(type) {
	case interface {
		view(func([]byte, any) error) any
	}:
		return v.view(unmarshal).(decoder[T])
	case EventUnmarshaler:
		return func(e *event, dst *T) error {
			if !e.valid() {
				return errBroken
			}
			return any(dst).(EventUnmarshaler).UnmarshalEvent(e.channel, e.name, e.payload)
		}
	case *json.RawMessage, *[]byte:
		return rawView[T]
	}
	return func(e *event, dst *T) error { return unmarshal(e.payload, dst) }
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

// view is Message's own decoder: that of its value, and the facts around it.
func (*Message[T]) view(unmarshal func([]byte, any) error) any {
	inner := viewOf[T](unmarshal)
	return decoder[Message[T]](func(e *event, dst *Message[T]) error {
		dst.Channel, dst.Event, dst.ReceivedAt = e.channel, e.name, e.at
		return inner(e, &dst.Value)
	})
}
