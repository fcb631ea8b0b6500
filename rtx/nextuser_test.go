package rtx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// Who comes while the connection is lost, to a channel that nothing holds any more, is not refused
// for the user who was there before. Also where the service restores the session, and has that one
// in the room still, it sees the new one.
func TestTheNextUserDuringAnOutage(t *testing.T) {
	for name, opts := range map[string][]testserver.Option{
		"a fresh session": nil, "a restored session": {testserver.WithRecovery(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s, signing(s))
				user := func(id string) rtx.ChannelOption { return rtx.WithUserData(map[string]string{"user_id": id}) }
				anna := opened[numbered](t, c.Channel("presence-a", user("anna")), "n")
				s.Publish("b", "n", 1) // an offset, which a recovery needs
				opened[numbered](t, c.Channel("b"), "n")
				s.Publish("b", "n", 1)
				synctest.Wait()
				s.DropAll(testserver.Reset)
				synctest.Wait()
				anna.Close()
				bert := rtx.On[numbered](t.Context(), c.Channel("presence-a", user("bert")), "n")
				if err := bert.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if got := fmt.Sprint(s.Members("presence-a")); got != "[bert]" {
					t.Errorf("members are %s", got)
				}
				publish(s, "presence-a", 1)
				if v := next(t, bert); v.N != 1 {
					t.Errorf("got %v", v)
				}
				if want := opts != nil; (s.Stats().Recoveries > 0) != want {
					t.Errorf("recovered: %v", !want)
				}
			}, opts...)
		})
	}
}
