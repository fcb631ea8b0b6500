// Package transport makes the connections of package rtx.
//
// A [Dialer] makes a [Session]: one connection on which the Engine.IO handshake is done and the
// server has answered the Socket.IO CONNECT. rtx uses the Dialer that [NewDialer] returns. A
// program can wrap that one, or have its own, and give it to rtx.WithDialer. This package does not
// decide what a packet means, nor when to connect again; rtx does.
//
// # Goroutines
//
// A session has no goroutine. Only one goroutine at a time may call Recv. Send and Pong write on
// the goroutine that calls them. Recv does not answer the pings of the server: whoever uses a
// session must receive from Pings and call Pong, or the server ends the connection.
//
// # Terms
//
// A link is the connection below a session. It is dead when the server has been silent for longer
// than its ping interval and ping timeout together ([Info.LinkTimeout]). A session is resumed when
// the server continues a lost session on a new connection, with the packets that were missed.
// Socket.IO calls this connection state recovery.
//
// # Secrets
//
// The API key, the recovery id and the Engine.IO session id appear in no error, in no log line, and
// in no print of an exported type.
package transport
