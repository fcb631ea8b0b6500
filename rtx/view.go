package rtx

import (
	"encoding/json"
	"reflect"
	"slices"
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

// viewOf chooses the decoder that T asks for. A T into which nothing can ever be decoded is an [*OptionError] of opener, the
// function that opens the stream.
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
	unmarshal := c.unmarshaler(reflect.TypeFor[T]())
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
		dst.Channel, dst.Event, dst.ReceivedAt = e.channel, e.name, e.at
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

// checkType refuses a T whose every event would be a loss: a func, a channel, a complex number, an interface with methods, and
// what is made of nothing else. A struct that has other fields too is as good as it is for encoding/json, which minds such a
// field only in a payload that has it. A codec of the user's own may do what it likes.
func checkType[T any](opener string, c codec) error {
	t := payloadType(reflect.TypeFor[T]())
	if c.own == nil && hopeless(t, nil) {
		return badOption(opener, "%v can't hold any JSON; with the tag `json:\"-\"` a field is left out", t)
	}
	return nil
}

// payloadType is what is decoded for a t: of a Message its value.
func payloadType(t reflect.Type) reflect.Type {
	message := t
	if t.Kind() == reflect.Pointer {
		message = t.Elem()
	}
	if v, ok := reflect.New(message).Interface().(messageView); ok {
		if self, value := v.message(); self == message { // not so if it embeds a Message
			return payloadType(value)
		}
	}
	return t
}

// hopeless says whether nothing but null can be decoded into a t. outer are the types that it is in.
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

// hopelessKey says whether no member's name can become a t.
func hopelessKey(t reflect.Type) bool {
	k := t.Kind()
	return k != reflect.String && (k < reflect.Int || k > reflect.Uintptr) && !reflect.PointerTo(t).Implements(unmarshalTexts)
}

var unmarshalEvents = reflect.TypeFor[EventUnmarshaler]()
