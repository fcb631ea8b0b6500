package rtx

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// slowly takes a second to decode.
type slowly struct{}

func (*slowly) UnmarshalJSON([]byte) error { time.Sleep(time.Second); return nil }

// A message that wants an acknowledgement gets it once it was routed, and not before: who has it
// acknowledged can rely on that.
func TestAcknowledgedAfterItWasRouted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		stream := On[slowly](t.Context(), s.c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		asking := func(id uint64, data string) {
			sess.in <- scriptedPacket{p: transport.Packet{Type: transport.PacketEvent, HasID: true, ID: id, Data: []byte(data)}}
		}
		asking(7, `["server-event",{"channel":"a","event":"n","data":1}]`)
		time.Sleep(time.Second / 2)
		if acks := sess.packets("3"); len(acks) != 0 {
			t.Errorf("%v before it was routed", acks)
		}
		time.Sleep(time.Second / 2)
		synctest.Wait()
		if acks := sess.packets("3"); !slices.Equal(acks, []string{"37[]"}) || len(stream.C) != 1 {
			t.Errorf("%v, %d values", acks, len(stream.C))
		}
		asking(8, `["server-event",{"channel":"a","event":"nobody has bound it","data":1}]`)
		asking(9, `["of an unknown form"]`)
		asking(0, `[5]`)
		sess.publish("a", "nobody has bound it", "1") // asks for none
		synctest.Wait()
		if acks := sess.packets("3"); !slices.Equal(acks, []string{"37[]", "38[]", "39[]", "30[]"}) {
			t.Errorf("got %v", acks)
		}
	})
}

// A session is told what it must not show before that is written: the service can quote it in its
// next word.
func TestSecretsAreHiddenBeforeTheyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signature, data := "key:"+strings.Repeat("0123456789abcdef", 4), `{"user_id":"1"}`
		s := newScripted(t, WithUserData(map[string]string{"user_id": "1"}),
			WithAuth(auth.Func(func(context.Context, auth.Request) (auth.Grant, error) {
				return auth.Grant{Auth: signature, ChannelData: data}, nil
			})))
		sess := s.connect()
		if _, err := s.c.Channel("presence-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		sent := sess.packets("")
		hidden := slices.IndexFunc(sent, func(p string) bool {
			return strings.HasPrefix(p, "hide ") && strings.Contains(p, signature) && strings.Contains(p, data)
		})
		written := slices.IndexFunc(sent, func(p string) bool { return strings.HasPrefix(p, `2["realtimex:subscribe"`) })
		if hidden < 0 || written < hidden {
			t.Errorf("hidden as number %d, written as %d of %q", hidden, written, sent)
		}
	})
}
