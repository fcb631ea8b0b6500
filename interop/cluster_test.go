package interop_test

import (
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// Two nodes on one Redis: events cross from one to the other, and a client whose node dies comes
// back on the other one.
func TestCluster(t *testing.T) {
	nodetest.Skip(t)
	redis := nodetest.StartRedis(t)
	one := nodetest.StartServer(t, nodetest.Redis(redis), nodetest.Recovery(window))
	two := nodetest.StartServer(t, nodetest.Redis(redis), nodetest.Recovery(window))
	proxy := nodetest.StartProxy(t, one.Addr())

	a := startSocket(t, proxy.URL(), "--key", one.Key(), "--transports", "websocket")
	aID := a.connected().ID
	a.subscribe(one, aID, "private-room")
	a.want(established(aID), succeeded("private-room"))
	b, bID := connectSocket(t, two)
	b.subscribe(two, bID, "private-room")
	b.want(established(bID), succeeded("private-room"))

	two.Publish("private-room", "e", 1)
	line := a.event()
	if len(line.Args) != 1 {
		t.Fatalf("this adapter sends no offsets, but: %s", line.Args)
	}
	b.want(`server-event {"channel":"private-room","event":"e","data":1}`)
	a.emit("client-event", fields{"channel": "private-room", "event": "client-e", "data": 2})
	b.want(`server-event {"channel":"private-room","event":"client-e","data":2}`)

	proxy.SetTarget(two.Addr())
	one.Kill()
	back := a.connected()
	if back.Recovered {
		t.Fatal("recovered on a node that knows nothing of it")
	}
	a.want(established(back.ID))
	a.subscribe(two, back.ID, "private-room")
	a.want(succeeded("private-room"))
	two.Publish("private-room", "e", 3)
	a.want(`server-event {"channel":"private-room","event":"e","data":3}`)
}
