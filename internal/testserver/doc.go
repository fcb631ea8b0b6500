// Package testserver is the RealtimeX server of this repository's tests, in the test's own process:
// faithful down to the wire, with every fault that a network or a service can show as one line.
// Package rtxtest is the part of it that an application's tests need; what follows has the rest:
// the doubts of those who write a client, and the many forms that the service's documents leave
// open.
//
// [NewServer] listens on a free port of 127.0.0.1, so that any client in any language can reach it.
// [NewPipeServer] connects by pipes in memory and works inside a testing/synctest bubble, where an
// hour of heartbeats passes at once. [Start] is for programs. Servers share nothing, so parallel
// tests don't meet.
//
// # What it does
//
// It speaks Engine.IO v4 (WebSocket, HTTP long-polling, the upgrade, heartbeats, limits) and
// Socket.IO v5, and on top of that RealtimeX: the API key, signatures, public, private and presence
// channels, client events, and connection state recovery ([WithRecovery]). Where the service's
// documents leave a form open there is a switch, such as [WithMemberShape]. Names of events that
// are the service's own are refused from publishers and from clients ([ErrReservedName]).
//
// # Faults
//
// A method makes a fault, and most end by themselves or by a second call:
//
//   - A connection is lost: [Server.DropAll] by a reset, a close frame or a DISCONNECT;
//     [Server.HalfOpenAll] without a word; [Server.Restart] and [Server.Stop]; [Conn.Deafen].
//   - A client is refused, for good or a few times: [Server.RefuseNext], [Server.RefuseNextAfter],
//     [Server.RefuseConnectNext], [Server.Deny], [Server.DenyNext].
//   - A client gets no answer: [Server.HangNext], [Server.HoldConfirmations].
//   - The link is poor: [Server.SetLink], [Server.LoseNext], [Server.SetHeartbeats],
//     [Server.SetPong].
//   - What comes is wrong: [Server.Inject], [Conn.InjectBinary], [Conn.InjectOversized],
//     [Server.DuplicatePresence], [Server.ReorderPresence], [Server.Complain].
//   - The auth backend ([Server.AuthEndpoint]) denies, fails, hangs or is slow: [Server.Auth].
//
// Some make a service that no real one is known to be. They are for the doubts of those who write a
// client, this library's own first: [Server.Forge], [Server.ForgeRoster], [Server.PadOffsets], with
// [WithMaxPayload] as small and [WithQueueLimit] as large as is wanted.
//
// # Web pages
//
// A browser on the same machine can reach the server, and shows pages of anybody. So the Host of a
// request must be a name of the machine ([WithHosts] adds others), and the Origin, if a page has
// sent it, the server's own ([WithOrigins] allows others). Programs send no Origin. [WithDev]
// serves an HTTP face for other languages and for people, [WithDevToken] one that asks for a token.
// A body that comes more slowly than 1 KiB a second, after 10 s of grace, is cut off, and a
// connection that is idle for two minutes is closed.
//
// # Order
//
// What a server does to many is done in the order in which they began: connections, channels,
// memberships. With [WithSeed], in a bubble, the same steps are seen as the same bytes each time,
// but for the order of what several goroutines do at one instant.
//
// # Waiting
//
// Nothing sleeps. The Wait methods return as soon as what they wait for is so, and fail the test on
// the caller's line if that takes longer than [WithWait] allows.
package testserver
