// Package transport keeps one RealtimeX link alive.
//
// It has two halves. A [Dialer] makes a [Session]: one WebSocket on which the
// Engine.IO handshake is done and the Socket.IO CONNECT is answered. A
// [Supervisor] keeps one session at a time: it dials, watches for dead links,
// answers pings, backs off and dials again, and tells its [Handler] what
// happens. What the packets mean is the Handler's business.
//
// # Goroutines
//
// A connected Supervisor has two goroutines: its own, which also dials and
// writes pongs and whatever Handler.Work writes, and the reader, which calls
// Session.Recv and Handler.Receive. A Supervisor that was not asked to connect
// has none. Whoever calls Send writes on his own goroutine.
//
// # Words
//
// A session is "established" once its owner says so, by
// [Supervisor.Established]: the socket id is known and the session may be used.
// It is "stable" once it has been established for StableAfter; only then does
// the back-off begin anew. A link is "dead" when no packet has arrived for the
// server's ping interval plus its ping timeout, nor as much of a large one as comes
// in that time at 100 bytes a second.
//
// # Secrets
//
// The API key, a recovery id and the Engine.IO session id appear in no error,
// in no log line, and in no print of an exported type.
package transport
