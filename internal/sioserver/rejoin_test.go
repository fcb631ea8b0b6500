package sioserver

import (
	"slices"
	"testing"
)

// Who leaves a room that others stay in can come back to it, and gets what is sent there once.
func TestARoomIsJoinedAgain(t *testing.T) {
	r := newRig(t, Config{})
	var wires [2]*wire
	var sockets [2]*Socket
	for i := range wires {
		wires[i] = r.dial()
		wires[i].send("40")
		wires[i].expectPrefix("40{")
		sockets[i] = <-r.joined
		sockets[i].Join("room")
		sockets[i].Join("room")
	}
	for range 2 {
		sockets[0].Leave("room")
		sockets[0].Leave("room")
		if rooms := sockets[0].Rooms(); slices.Contains(rooms, "room") {
			t.Errorf("in %q after it has left", rooms)
		}
		if _, n, _ := r.root.Broadcast("room", "away", nil, nil); n != 1 {
			t.Errorf("broadcast to %d while one is away", n)
		}
		wires[1].expectPrefix(`42["away"]`)
		sockets[0].Join("room")
		if _, n, _ := r.root.Broadcast("room", "back", nil, nil); n != 2 {
			t.Errorf("broadcast to %d when it is back", n)
		}
		for _, w := range wires {
			w.expectPrefix(`42["back"]`)
		}
	}
}
