package rtxtest

import "github.com/realtimex/realtimex-go/internal/testserver"

// DropConnections breaks every connection, as a failure of the network does, and returns how many
// there were. New connections are accepted at once: the clients come back by themselves.
func (s *Server) DropConnections() int { return s.inner.DropAll(testserver.Reset) }

// HalfOpenConnections makes every connection go silent, and returns how many there were. Nothing
// that either side sends arrives any more, and neither side is told: a client learns of it by
// missing heartbeats ([WithPing]). The server counts the client as subscribed until its own
// heartbeat times out. New connections work.
func (s *Server) HalfOpenConnections() int { return s.inner.HalfOpenAll() }

// Stop makes the server unreachable, as an outage does. Every connection is broken, and new ones
// are refused until [Server.Resume]. The auth backend stays up. Events published meanwhile reach
// only clients that recover their connection later ([WithRecovery]).
func (s *Server) Stop() { s.inner.Stop() }

// Resume ends a [Server.Stop]. The server still knows what it knew: members that Join added, and
// connections that can be recovered.
func (s *Server) Resume() { s.inner.Resume(testserver.Remember) }

// Restart replaces the server by one that knows nothing, at the same address, as a deployment does.
// Every connection is broken, none can be recovered, and members that Join added are gone. What
// Deny and the like have set remains. Restart also ends a [Server.Stop].
func (s *Server) Restart() { s.inner.Restart(testserver.Forget) }

// RefuseConnections refuses the next n attempts to connect with HTTP status 503, as a service that
// is overloaded or is being deployed. 0 ends that.
func (s *Server) RefuseConnections(n int) { s.inner.RefuseNext(n) }

// HangConnections leaves the next n attempts to connect without an answer, until the client gives
// up. 0 ends that.
func (s *Server) HangConnections(n int) { s.inner.HangNext(testserver.StepHandshake, n) }

// BlockWebSockets lets no WebSocket through from now on, as some proxies do: each request for one is
// answered with HTTP status 400, also that of an upgrade. False ends that. Connections that are open
// stay, and polling works. See [WithTransports] for a server that has no WebSockets at all.
func (s *Server) BlockWebSockets(on bool) { s.inner.BlockWebSockets(on) }

// Deny refuses subscriptions to a channel, whatever their signature, with a message and a code of
// the service's, until [Server.Allow]. A client tries again after the codes 429, 503 and 4100 to
// 4299; any other is final, such as 4003 for what is not allowed. Clients that are subscribed
// already stay subscribed.
func (s *Server) Deny(channel, message string, code int) { s.inner.Deny(channel, message, code) }

// Allow ends a [Server.Deny].
func (s *Server) Allow(channel string) { s.inner.Allow(channel) }
