// Package simulation tries to break the promise that nothing is lost in silence: clients, streams
// of every kind, rooms, senders, and a service in memory, under a random schedule of faults, in a
// testing/synctest bubble in which an hour passes in milliseconds. What the service accepted and
// what each stream handed out is held to the law of package ledger.
//
//	go test ./internal/simulation                      # a few seeds
//	go test ./internal/simulation -seeds 2000          # as many, from -first on
//	go test ./internal/simulation -simulate 10m -timeout 0   # new ones, for that time
//	go test ./internal/simulation -seed 42 -v -count 20      # one, with its schedule
//	go test ./internal/simulation -run Replay -replay 100 -v  # whether a seed gives the same tapes ten times out of ten
//
// In every other seed three channels are in bad hands: what is published there, who is a member
// there and what the service answers for them is too deep, too large, oddly named or forged. The
// law for all other channels is the same: it holds whatever the bad ones do (hostile_test.go).
//
// A quarter of the clients uses each order of the transports: a WebSocket only, a WebSocket and
// polling where that hangs or is cut at once, polling only, and polling with an upgrade. The law is
// the same for all.
//
// A seed decides everything that the simulation decides: the service's options and its ids, the
// clients, each step with its time to the millisecond, the payloads, how fast each consumer reads.
// All that is drawn before the run begins, so nothing that happens in it changes what comes. A seed
// replays its schedule and what is published exactly, and with one processor, no collection and a
// seed for the back-off's jitter, the tapes too, byte for byte, of 95 seeds in 99 in five runs of
// five (TestReplayIsTheSame). No map is walked in an order that reaches a stream, and what comes of
// one event to several clients is kept some microseconds apart (apart_test.go).
//
// What is left is drawn by the runtime, which takes no seed for it (TestRuntimeDraws): which ready
// case a select takes, which of several timers of one instant fires first, in which order the
// children of a context hear of its end. Which goroutine of several runs next also depends on the
// real clock, by which the scheduler ends a time slice; and on several processors on which of them
// is free. hash/maphash has one seed for each process: the parts of a Partition get other keys in
// another process. So what depends on such a race shows in one run of several: hence -count.
package simulation
