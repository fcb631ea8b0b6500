// Package transport makes the connections of package rtx.
//
// A [Dialer] makes a [Session]: one live link on which the Engine.IO handshake is done and the Socket.IO CONNECT is
// answered. [NewDialer] is the one that rtx uses; a program can wrap it, or bring its own, by rtx.WithDialer. What the
// packets mean, and what becomes of a session, is decided elsewhere.
//
// # Goroutines
//
// A session has none. One goroutine at a time calls Recv; whoever calls Send or Pong writes on his own. The caller of Recv
// must also see to the pongs: see Pings.
//
// # Words
//
// A link is "dead" when Silence is longer than the server's ping interval and ping timeout together
// ([Info.LinkTimeout]). A session is "resumed" when the server took up a lost one again (connection state recovery).
//
// # Secrets
//
// The API key, a recovery id and the Engine.IO session id appear in no error, in no log line, and in no print of an
// exported type.
package transport
