package rtx

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// What waits to be written when a session ends was meant for that one: on the next, an
// acknowledgement would answer something else, or nothing.
func TestWhatASessionDidNotWriteIsNotWrittenOnTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		old := s.connect()
		stream := On[int](t.Context(), s.c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		old.set(func() { old.writeTime = time.Hour })
		old.ping() // its pong holds up what comes after
		synctest.Wait()
		asking := transport.Packet{Type: transport.PacketEvent, HasID: true, ID: 7,
			Data: []byte(`["server-event",{"channel":"a","event":"n","data":1}]`)}
		old.in <- scriptedPacket{p: asking}
		synctest.Wait()
		old.end(transport.ErrServerClose)
		time.Sleep(time.Second)
		young := s.session()
		if young == old {
			t.Fatal("no new session")
		}
		if acks := young.packets("3"); len(acks) > 0 {
			t.Errorf("the new session was sent %q", acks)
		}
		asking.ID = 8
		young.in <- scriptedPacket{p: asking}
		synctest.Wait()
		if acks := young.packets("3"); len(acks) != 1 || acks[0] != "38[]" {
			t.Errorf("the new session was sent %q, want the acknowledgement of its own", acks)
		}
	})
}
