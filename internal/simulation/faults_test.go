package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// fault draws one, or a storm of several.
func (d *drawer) fault() {
	at := d.when()
	for range pickOne(d, 1, 1, 1, 2, 4) {
		if d.p.clean {
			d.cleanFault(at)
		} else {
			d.anyFault(at)
		}
		// Events shortly before, during and after it.
		for range 1 + d.IntN(3) {
			d.traffic(at + time.Duration(d.IntN(6000)-1000)*time.Millisecond)
		}
		at += time.Duration(d.IntN(2500)) * time.Millisecond
	}
}

// strike is a step that counts as a fault.
func (d *drawer) strike(at time.Duration, text string, do func(w *world)) {
	d.step(at, text, func(w *world) {
		w.faults++
		do(w)
	})
}

// during is a fault that ends by itself.
func (d *drawer) during(at time.Duration, longest time.Duration, text string, do, undo func(w *world)) {
	length := time.Duration(d.Int64N(int64(longest)/1e6)) * time.Millisecond
	d.strike(at, fmt.Sprintf("%s for %v", text, length), do)
	d.step(at+length, "end of: "+text, undo)
}

// each has a fault strike one client's connection, or all.
func (d *drawer) each(at time.Duration, text string, do func(c *testserver.Conn)) {
	slot := d.slot()
	if d.IntN(3) == 0 {
		d.strike(at, text+", of all", func(w *world) {
			for _, c := range w.s.Connections() {
				do(c)
			}
		})
		return
	}
	d.strike(at, fmt.Sprintf("%s, of client %d", text, slot), func(w *world) {
		if c := w.s.Connection(w.slots[slot].client.SocketID()); c != nil {
			do(c)
		}
	})
}

// cleanFault is one that recovery makes good.
func (d *drawer) cleanFault(at time.Duration) {
	switch d.IntN(6) {
	case 0, 1:
		how := pickOne(d, testserver.Reset, testserver.CloseFrame)
		d.each(at, fmt.Sprintf("drop (%d)", how), func(c *testserver.Conn) { c.Drop(how) })
	case 2:
		d.during(at, 45*time.Second, "stop", (*world).stop, func(w *world) { w.resume(testserver.Remember) })
	case 3:
		n := 1 + d.IntN(3)
		d.strike(at, fmt.Sprintf("refuse %d", n), func(w *world) { w.s.RefuseNext(n) })
	case 4:
		d.slow(at)
	case 5:
		d.strike(at, "hang at the first step", func(w *world) { w.s.HangNext(testserver.StepOpen, 1) })
		d.each(at, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
	}
}

func (d *drawer) slow(at time.Duration) {
	l := testserver.Link{Latency: time.Duration(d.IntN(300)) * time.Millisecond}
	if d.IntN(3) == 0 {
		l.BytesPerSecond = 2000 + d.IntN(20000)
	}
	d.during(at, time.Minute, fmt.Sprintf("slow link %+v", l), func(w *world) { w.setLink(l) }, func(w *world) { w.setLink(testserver.Link{}) })
}

// frames are such as no service should send; each ends the connection, or is passed over.
var frames = []string{
	`42["server-event",{"channel":"a","event":"e1","data":{"n":1}`, `42["server-event",{"channel":"nobody","event":"e1","data":nope}]`,
	`42[]`, `42{}`, `42`, `4`, `9`, `49`, `4x`, `452-["x",{"_placeholder":true,"num":0}]`, `0{"sid":"again"}`, `40{"sid":"again"}`,
	`42/other,["server-event",{"channel":"a","event":"e1","data":{"n":1}}]`, `43["ack"]`, `431["ack"]`, `5`, `6`,
	`42["server-event"]`, `42["server-event",{"channel":"a"}]`, `42["server-event",7]`, `42["server-event",{"channel":7,"event":"e1"}]`,
	`42["realtimex_internal:subscription_succeeded"]`, `42["realtimex_internal:subscription_succeeded",{"channel":"nobody"}]`,
	`42["realtimex_internal:subscription_error",{"channel":"nobody","error":{"deep":[1]}}]`, `42["realtimex:pong"]`, `42["brand-new",{"channel":"a"}]`,
	`42["realtimex_internal:member_added",{"channel":"presence-lobby"}]`, `42["presence:member_removed",{"channel":"presence-lobby","user_id":{"a":1}}]`,
	`42["realtimex:connection_established",{"socket_id":17}]`, "42[\"\xff\"]", `42["server-event",{"channel":"a","event":"e1","data":` + strings.Repeat("[", 5000),
}

// anyFault is one of all.
func (d *drawer) anyFault(at time.Duration) {
	switch d.IntN(20) {
	case 0, 1, 2:
		how := pickOne(d, testserver.Reset, testserver.CloseFrame, testserver.Disconnect)
		d.each(at, fmt.Sprintf("drop (%d)", how), func(c *testserver.Conn) { c.Drop(how) })
	case 3, 4:
		d.each(at, "half-open", func(c *testserver.Conn) { c.HalfOpen() })
	case 5:
		memory := pickOne(d, testserver.Forget, testserver.Remember)
		d.during(at, 2*time.Minute, "stop", (*world).stop, func(w *world) { w.resume(memory) })
	case 6:
		memory := pickOne(d, testserver.Forget, testserver.Remember)
		d.strike(at, fmt.Sprintf("restart (%d)", memory), func(w *world) { w.stop(); w.resume(memory) })
	case 7:
		n, status := 1+d.IntN(4), pickOne(d, 503, 502, 429, 500)
		d.strike(at, fmt.Sprintf("refuse %d with %d", n, status), func(w *world) { w.s.RefuseNextWith(n, status) })
		d.each(at, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
	case 8, 9:
		step, n := pickOne(d, testserver.StepOpen, testserver.StepConnect, testserver.StepSubscribe, testserver.StepSubscribe), 1+d.IntN(4)
		d.strike(at, fmt.Sprintf("hang %d at step %d", n, step), func(w *world) { w.s.HangNext(step, n) })
		d.each(at, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
	case 10, 11:
		d.during(at, 12*time.Second, "hold confirmations", func(w *world) {
			w.release()
			w.held = w.s.HoldConfirmations()
		}, func(w *world) { w.release() })
		d.each(at+time.Duration(d.IntN(2000))*time.Millisecond, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
	case 12:
		channel := published[d.IntN(len(published))]
		d.during(at, 2*time.Minute, "deny "+channel, func(w *world) { w.s.Deny(channel, "not now", 4009) }, func(w *world) { w.s.Allow(channel) })
	case 13:
		d.slow(at)
	case 14, 15:
		frame := frames[d.IntN(len(frames))]
		d.each(at, fmt.Sprintf("inject %.60q", frame), func(c *testserver.Conn) { c.Inject(frame) })
	case 16:
		if d.IntN(2) == 0 {
			d.each(at, "inject a binary frame", func(c *testserver.Conn) { c.InjectBinary([]byte{1, 2, 3}) })
		} else {
			d.each(at, "inject an oversized frame", func(c *testserver.Conn) { c.InjectOversized("a", 100<<10) })
		}
	case 17:
		d.auth(at)
	case 18:
		if d.IntN(2) == 0 {
			d.during(at, 2*time.Minute, "no heartbeats", func(w *world) { w.s.SetHeartbeats(false) }, func(w *world) { w.s.SetHeartbeats(true) })
		} else {
			d.during(at, 5*time.Minute, "no pongs", func(w *world) { w.s.SetPong(false) }, func(w *world) { w.s.SetPong(true) })
		}
	case 19:
		d.during(at, 5*time.Minute, "tell presence twice", func(w *world) { w.s.DuplicatePresence(true) }, func(w *world) { w.s.DuplicatePresence(false) })
		d.each(at, "repeat a confirmation", func(c *testserver.Conn) {
			if slices.Contains(c.Channels(), anchor) {
				c.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"a"}]`)
			}
		})
	}
}

// auth draws a fault of the backend that signs.
func (d *drawer) auth(at time.Duration) {
	n := 1 + d.IntN(4)
	switch d.IntN(5) {
	case 0:
		d.strike(at, fmt.Sprintf("the backend denies %d", n), func(w *world) { w.s.Auth().DenyNext(n) })
	case 1:
		d.strike(at, fmt.Sprintf("the backend fails %d", n), func(w *world) { w.s.Auth().FailNext(n, 503) })
	case 2:
		d.strike(at, fmt.Sprintf("the backend hangs %d", n), func(w *world) { w.s.Auth().HangNext(n) })
	case 3:
		d.strike(at, fmt.Sprintf("the backend mangles %d", n), func(w *world) { w.s.Auth().MangleNext(n) })
	case 4:
		d.during(at, 3*time.Minute, "a slow backend", func(w *world) { w.s.Auth().Delay(time.Duration(n) * time.Second) }, func(w *world) { w.s.Auth().Delay(0) })
	}
	d.each(at, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
}
