// Package simulation tries to break the promise that nothing is lost in silence: clients, streams of every kind, rooms,
// senders, and a service in memory, under a random schedule of faults, in a testing/synctest bubble in which an hour
// passes in milliseconds. What the service accepted and what each stream handed out is held to the law of package ledger.
//
//	go test ./internal/simulation                      # a few seeds
//	go test ./internal/simulation -seeds 2000          # as many, from -first on
//	go test ./internal/simulation -simulate 10m -timeout 0   # new ones, for that time
//	go test ./internal/simulation -seed 42 -v -count 20      # one, with its schedule
//
// A seed decides everything that the simulation decides: the service's options, the clients, each step with its time to
// the millisecond, the payloads, how fast each consumer reads. All that is drawn before the run begins, so nothing that
// happens in it changes what comes. Two things are not the seed's: the jitter of the client's back-off, and the order in
// which goroutines that are ready in the same instant of fake time run. So a seed replays its schedule exactly, and what
// depends on such a race in one run of several: hence -count.
package simulation
