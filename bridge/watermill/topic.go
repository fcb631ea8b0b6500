package watermill

import (
	"context"
	"reflect"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/realtimex/realtimex-go/rtx"
)

// A topic hands the events of one channel to its subscriptions, one at a time. One goroutine does it
// all, so nothing is locked and the order is that of the stream.
type topic struct {
	name    string
	stream  *rtx.Stream[event]
	join    chan *subscription
	ended   chan struct{}
	closing <-chan struct{}

	subs    []*subscription
	current *message.Message // to be handed out, or to be acknowledged
	with    *subscription    // who has it
	cancel  context.CancelFunc
}

// A subscription is one call of Subscribe.
type subscription struct {
	ctx context.Context
	out chan *message.Message
}

// run goes on until the Subscriber is closed or the stream has ended.
func (t *topic) run() {
	defer t.end()
	for {
		if t.current == nil {
			t.take()
		}
		if t.current == nil && t.stream.Ended() {
			return
		}
		if !t.step() {
			return
		}
	}
}

// take takes the next event or gap, if one is there.
func (t *topic) take() {
	for e, gap := range t.stream.Pending() {
		if gap != nil {
			t.current = fromGap(t.name, gap)
		} else {
			t.current = fromEvent(e)
		}
		return
	}
}

// step waits for whatever comes next and does it. It returns false when the Subscriber is closed.
func (t *topic) step() bool {
	cases := []reflect.SelectCase{receive(t.closing), receive(t.join)}
	todo := []func(reflect.Value){nil, func(v reflect.Value) { t.subs = append(t.subs, v.Interface().(*subscription)) }}
	add := func(c reflect.SelectCase, do func(reflect.Value)) { cases, todo = append(cases, c), append(todo, do) }
	for _, s := range t.subs {
		add(receive(s.ctx.Done()), func(reflect.Value) { t.leave(s) })
	}
	switch {
	case t.current == nil:
		add(receive(t.stream.Wake), func(reflect.Value) {})
	case t.with == nil:
		for _, s := range t.subs {
			// Each gets a copy, because the context that it has is its own.
			m := t.current.Copy()
			ctx, cancel := context.WithCancel(s.ctx)
			m.SetContext(ctx)
			defer func() {
				if t.with != s {
					cancel()
				}
			}()
			add(reflect.SelectCase{Dir: reflect.SelectSend, Chan: reflect.ValueOf(s.out), Send: reflect.ValueOf(m)}, func(reflect.Value) {
				t.current, t.with, t.cancel = m, s, cancel
			})
		}
	default:
		add(receive(t.current.Acked()), func(reflect.Value) { t.release(); t.current = nil })
		add(receive(t.current.Nacked()), func(reflect.Value) { t.release() })
	}
	i, v, _ := reflect.Select(cases)
	if i == 0 {
		return false
	}
	todo[i](v)
	return true
}

func receive(c any) reflect.SelectCase {
	return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
}

// release takes the message back from who has it. Copies of it are new to Watermill.
func (t *topic) release() {
	if t.with != nil {
		t.cancel()
		t.with, t.cancel = nil, nil
	}
}

// leave ends a subscription. What it has not acknowledged goes to another.
func (t *topic) leave(s *subscription) {
	if t.with == s {
		select {
		case <-t.current.Acked(): // just before
			t.release()
			t.current = nil
		default:
			t.release()
		}
	}
	for i := range t.subs {
		if t.subs[i] == s {
			t.subs = append(t.subs[:i:i], t.subs[i+1:]...)
			break
		}
	}
	close(s.out)
}

func (t *topic) end() {
	close(t.ended)
	t.stream.Close()
	for len(t.subs) > 0 {
		t.leave(t.subs[0])
	}
	t.release()
}
