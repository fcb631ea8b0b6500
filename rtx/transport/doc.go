// Package transport makes the connections of package rtx.
//
// A [Dialer] makes a [Session]: one connection on which the Engine.IO handshake is done and the
// server has answered the Socket.IO CONNECT. rtx uses the Dialer that [NewDialer] returns. A
// program can wrap that one, or have its own, and give it to rtx.WithDialer. This package does not
// decide what a packet means, nor when to connect again; rtx does.
//
// # Goroutines
//
// A session has no goroutine, except one that began with polling, while it is upgraded to a
// WebSocket: Close waits for that one. Only one goroutine at a time may call Recv. Send and Pong
// write on the goroutine that calls them. Recv does not answer the pings of the server: whoever uses a
// session must receive from Pings and call Pong, or the server ends the connection.
//
// # Terms
//
// A link is the connection below a session. It is dead when the server has been silent for longer
// than its ping interval and ping timeout together ([Info.LinkTimeout]). A session is resumed when
// the server continues a lost session on a new connection, with the packets that were missed.
// Socket.IO calls this connection state recovery.
//
// # Polling
//
// A session over [Polling] consists of HTTP requests: a GET is open while Recv waits, and Send posts.
// A server keeps such a session for itself, whatever happens to connections. So a request that fails
// ends the session, because what it sent or was to bring may be lost; none is made twice. The
// connections belong to the session, and are closed with it. Cookies are kept for the life of the
// Dialer, so that a balancer can send all requests to the same server.
//
// # Secrets
//
// The API key, the recovery id and the Engine.IO session id appear in no error, in no log line, and
// in no print of an exported type.
package transport
