// Package rtxtest is a RealtimeX server for tests, in the test's own process: faithful down to the wire, with every fault that a network
// or a service can show as one line.
//
//	func TestOrdersSurviveAnOutage(t *testing.T) {
//		server := rtxtest.NewServer(t)
//		client, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()))
//		if err != nil {
//			t.Fatal(err)
//		}
//		defer client.Close()
//		orders := rtx.On[Order](t.Context(), client.Channel("orders"), "created")
//		server.WaitSubscribed("orders")
//		server.Publish("orders", "created", Order{ID: 1})
//		first := <-orders.C
//
//		server.Restart(rtxtest.Forget)
//		server.WaitSubscribed("orders") // the client is back by itself
//		server.Publish("orders", "created", Order{ID: 2})
//		second := <-orders.C
//
//		gaps := slices.Collect(orders.Gaps())
//		if first.ID != 1 || second.ID != 2 || len(gaps) != 1 || !gaps[0].Reconnected {
//			t.Errorf("got %v, %v and the gaps %v", first, second, gaps)
//		}
//	}
//
// [NewServer] listens on a free port of 127.0.0.1, so that any client in any language can reach it. [NewPipeServer] connects by pipes in
// memory and works inside a testing/synctest bubble, where an hour of heartbeats passes at once. [Start] is for programs. Servers share
// nothing, so parallel tests don't meet.
//
// # What it does
//
// It speaks Engine.IO v4 (WebSocket, HTTP long-polling, the upgrade, heartbeats, limits) and Socket.IO v5, and on top of that RealtimeX:
// the API key, signatures, public, private and presence channels, client events, and connection state recovery ([WithRecovery]). Where
// the service's documents leave a form open there is a switch, such as [WithMemberShape].
//
// # Faults
//
// A method makes a fault, and most end by themselves or by a second call:
//
//   - A connection is lost: [Server.DropAll] by a reset, a close frame or a DISCONNECT; [Server.HalfOpenAll] without a word;
//     [Server.Restart] and [Server.Stop]; [Conn.Deafen].
//   - A client gets no answer: [Server.RefuseNext], [Server.HangNext], [Server.HoldConfirmations], [Server.Deny].
//   - The link is poor: [Server.SetLink], [Server.LoseNext], [Server.SetHeartbeats], [Server.SetPong].
//   - What comes is wrong: [Server.Inject], [Conn.InjectBinary], [Conn.InjectOversized], [Server.DuplicatePresence],
//     [Server.ReorderPresence].
//   - The auth backend ([Server.AuthEndpoint]) denies, fails, hangs or is slow: [Server.Auth].
//
// # Waiting
//
// Nothing sleeps. The Wait methods return as soon as what they wait for is so, and fail the test on the caller's line if that takes
// longer than [WithWait] allows.
package rtxtest
