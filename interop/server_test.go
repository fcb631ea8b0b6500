package interop_test

import (
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// fields are the arguments of a command.
type fields = map[string]any

func sdk(t *testing.T, s *nodetest.Server, endpoint string) *nodetest.Script {
	t.Helper()
	args := []string{"--url", s.URL(), "--key", s.Key()}
	if endpoint != "" {
		args = append(args, "--auth-endpoint", endpoint)
	}
	return nodetest.RunScript(t, "realtimex.mjs", nil, args...)
}

func socket(t *testing.T, s *nodetest.Server, args ...string) *nodetest.Script {
	t.Helper()
	return nodetest.RunScript(t, "socketio.mjs", nil, append([]string{"--url", s.URL(), "--key", s.Key()}, args...)...)
}

func TestOfficialSDKReceivesEvents(t *testing.T) {
	s := nodetest.StartServer(t)
	c := sdk(t, s, "")
	c.Expect("connected")
	c.Send("subscribe", fields{"channel": "orders"})
	c.Expect("succeeded")
	if err := s.WaitSubscribed("orders", 1).SubscribedOnce("orders"); err != nil {
		t.Fatal(err)
	}
	const count = 1000
	s.Burst("orders", "new", 0, count)
	for n := range count {
		var got struct {
			Channel, Name string
			Data          struct{ N int }
		}
		c.ExpectInto("event", &got)
		if got.Channel != "orders" || got.Name != "new" || got.Data.N != n {
			t.Fatalf("event %d: got %+v", n, got)
		}
	}
}
