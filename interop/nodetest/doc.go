// Package nodetest runs real Node programs for Go tests: a RealtimeX server on the npm package
// socket.io, scripts on socket.io-client and on the official realtimex-js, a Redis server to tie
// two nodes together, forward proxies, and a TCP proxy that cuts, freezes and slows links.
//
// Everything listens on 127.0.0.1 and ends with the test. A child is ended by its process id;
// should the test binary die first, the child sees its standard input end and exits by itself.
//
// Call [Skip] first. The functions that take a [testing.TB] end the test on a failure of the
// machinery, so they belong on the test's own goroutine.
package nodetest
