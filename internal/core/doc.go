// Package core decides what a client does: one machine for the connection, the subscriptions, the
// health of the link and the recovery of lost sessions.
//
// The machine is pure. It has no goroutine, no lock, no clock and no I/O. Each input is a method
// call, most with the time; what the machine decides comes out of [Machine.Actions] as data, in
// order. The caller serializes the inputs, takes the Actions after each, and carries all of them
// out, in order. Delays come from a [Pacer]: the machine says when something may be tried again
// after a failure, the Pacer how long that takes.
//
// # The connection
//
// A connection is Idle, Dialing, Up (the service answered CONNECT; the socket id is not settled),
// Established, Waiting (for the time of the next attempt), Closed or Failed. [Machine.Dialed],
// [Machine.DialFailed], [Machine.Established] and [Machine.Ended] report what happened; only the
// machine decides what follows.
//
// # Channels
//
// A [Channel] has a [Phase]. Only (*Machine).move changes it, and resets what belonged to the phase
// that is left. Table Moves lists what can happen; docs/architecture.md shows it.
//
// # Answers
//
// The service does not number its answers, so they are counted: see answers.go. A channel that was
// left with requests unanswered stays Leaving until the answers have come, so that none is taken
// for the answer to a later request.
//
// # Recovery
//
// See recovery.go for which lost session may be asked for again. A recovery is believed only where
// it is proven.
package core
