package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
)

// Consume returns the events and the gap records of a consumer of the bridge's stream, in their
// places, as a stream of package rtx has them. So the same code reads the service and the bus.
//
// T is a payload type, decoded by encoding/json, or []byte or json.RawMessage for the payload as it
// came, or a rtx.Message of one of these. A payload that is not a T is a gap with Malformed.
//
// A record is acknowledged when the loop asks for the next one. If the loop ends or the process dies
// before that, the consumer gets it again: a value may come more than once, but none is left out.
// The consumer should have AckExplicit and, for the order, MaxAckPending 1, or AckNone, or be an
// ordered consumer. The sequence ends with ctx. While NATS can't be reached it waits. If the
// consumer is deleted, a last gap with Ended says so, and the sequence ends. One range at a time may
// be over it.
func Consume[T any](ctx context.Context, consumer jetstream.Consumer) flow.Seq[T] {
	decode := decoder[T]()
	return func(yield func(T, *rtx.Gap) bool) {
		for ctx.Err() == nil {
			messages, err := consumer.Messages(jetstream.PullMaxMessages(256))
			if err != nil {
				if gone(err) {
					end(err, yield)
					return
				}
				pause(ctx, 200*time.Millisecond)
				continue
			}
			stop := context.AfterFunc(ctx, messages.Stop)
			again := consumeFrom(ctx, messages, decode, yield)
			stop()
			messages.Stop()
			if !again {
				return
			}
			pause(ctx, 200*time.Millisecond)
		}
	}
}

// consumeFrom hands out what comes. It reports whether it is worth going on.
func consumeFrom[T any](ctx context.Context, messages jetstream.MessagesContext, decode func(jetstream.Msg) (T, *rtx.Gap), yield func(T, *rtx.Gap) bool) bool {
	for {
		m, err := messages.Next()
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil && gone(err):
			end(err, yield)
			return false
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return true
		case err != nil:
			continue // it tries again by itself
		}
		v, gap := decode(m)
		if !yield(v, gap) {
			return false
		}
		_ = m.Ack() // a consumer without acknowledgements refuses it, and needs none
	}
}

func gone(err error) bool {
	return errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, jetstream.ErrConnectionClosed)
}

// end tells that nothing more will come.
func end[T any](err error, yield func(T, *rtx.Gap) bool) {
	var zero T
	now := time.Now()
	yield(zero, &rtx.Gap{Ended: true, Since: now, Until: now, Err: err})
}

// decoder returns what reads a record as a T.
func decoder[T any]() func(jetstream.Msg) (T, *rtx.Gap) {
	shape := reflect.TypeFor[T]()
	wrapped := shape.Kind() == reflect.Struct && shape.PkgPath() == reflect.TypeFor[rtx.Message[int]]().PkgPath() && strings.HasPrefix(shape.Name(), "Message[")
	return func(m jetstream.Msg) (v T, _ *rtx.Gap) {
		_, channel, event, isGap, err := ParseSubject(m.Subject())
		if err != nil {
			return v, malformed("", "", err)
		}
		if isGap {
			var g gapRecord
			if err := json.Unmarshal(m.Data(), &g); err != nil {
				return v, &rtx.Gap{Channel: channel, Reconnected: true, Err: err}
			}
			g.Channel = channel
			return v, g.gap()
		}
		into := reflect.ValueOf(&v).Elem()
		if wrapped {
			into.FieldByName("Channel").SetString(channel)
			into.FieldByName("Event").SetString(event)
			into.FieldByName("ReceivedAt").Set(reflect.ValueOf(received(m)))
			if id := recordID(m.Headers()); !strings.HasPrefix(id, "~") {
				if id, err := Unescape(id); err == nil {
					into.FieldByName("ID").SetString(id)
				}
			}
			into = into.FieldByName("Value")
		}
		switch p := into.Addr().Interface().(type) {
		case *[]byte:
			*p = m.Data()
		case *json.RawMessage:
			*p = m.Data()
		default:
			if err := json.Unmarshal(m.Data(), p); err != nil {
				var zero T
				return zero, malformed(channel, event, err)
			}
		}
		return v, nil
	}
}

func malformed(channel, event string, err error) *rtx.Gap {
	now := time.Now()
	return &rtx.Gap{Channel: channel, Malformed: 1, Since: now, Until: now, Err: &rtx.PayloadError{Channel: channel, Event: event, Err: err}}
}

func received(m jetstream.Msg) time.Time {
	nanos, err := strconv.ParseInt(value(m.Headers(), HeaderReceived), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}
