// Package sioserver is a general Socket.IO v5 server over Engine.IO v4: what a RealtimeX test
// server and the echo server for the protocol's conformance suites are built on.
//
// [Engine] is the lower layer. It is an http.Handler that keeps sessions over WebSocket and over
// HTTP long-polling, upgrades the one to the other, sends heartbeats and enforces limits. [Server]
// is the upper layer: namespaces, CONNECT with a payload, events, acknowledgements, attachments,
// rooms, and connection state recovery.
//
// # Goroutines
//
// A WebSocket session reads on the goroutine of its HTTP handler and writes on one that lives while
// its queue is not empty. A polling session has none of its own. Callbacks run on the goroutine
// that received the packet, one at a time for a session, and must not block. Close ends every
// session and returns when the last of these goroutines has gone.
//
// # Time
//
// Everything is created by the instance, so a server made inside a testing/synctest bubble runs on
// the bubble's clock.
package sioserver
