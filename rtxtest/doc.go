// Package rtxtest runs a RealtimeX server inside a test, so that the code under test connects to
// it, receives what the test publishes, and meets the failures that the test asks for.
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
//		server.Restart()
//		server.WaitSubscribed("orders") // the client reconnects by itself
//		server.Publish("orders", "created", Order{ID: 2})
//		second := <-orders.C
//
//		gaps := slices.Collect(orders.Gaps())
//		if first.ID != 1 || second.ID != 2 || len(gaps) != 1 || !gaps[0].Reconnected {
//			t.Errorf("got %v, %v and the gaps %v", first, second, gaps)
//		}
//	}
//
// # Starting a server
//
// [NewServer] listens on a free port of 127.0.0.1. Clients in any language can connect.
// [NewPipeServer] uses pipes in memory, which work in a testing/synctest bubble: there a test of
// eight hours takes milliseconds. Both servers are closed when the test ends. [Start] is for
// programs that have no test. Servers share nothing, so tests can run in parallel.
//
// The server checks API keys and signatures, and serves public, private and presence channels,
// client events, and, with [WithRecovery], connection state recovery. It speaks WebSocket and HTTP
// long-polling.
//
// # Waiting
//
// A test need not sleep. [Server.WaitSubscribed] and the other methods whose names begin with Wait
// return as soon as what they wait for has happened. If that takes longer than [WithWait] allows,
// they fail the test.
//
// # Failures
//
// These methods make something go wrong:
//
//   - [Server.DropConnections] breaks every connection. [Server.HalfOpenConnections] makes them go
//     silent instead.
//   - [Server.Stop] makes the server unreachable until [Server.Resume]. [Server.Restart] replaces
//     it by one that knows nothing.
//   - [Server.RefuseConnections] and [Server.HangConnections] are for new connections, and end by
//     themselves.
//   - [Server.Deny] refuses subscriptions to a channel until [Server.Allow].
//   - [Server.FailAuth] makes the auth backend of [Server.AuthEndpoint] fail.
//
// # Without a test
//
// A server made by Start has no test to fail. Where a method would fail the test, it panics.
package rtxtest
