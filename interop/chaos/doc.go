// Package chaos holds the client to the ledger's law on real parts: the npm package socket.io in a
// process of its own, TCP, and Shopify/toxiproxy between it and the Go client, with latency,
// jitter, narrow bandwidth, slicing, timeouts, resets, half-open links, restarts and pauses of the
// server.
//
//	go test ./interop/chaos -v             # twenty seconds for each kind of service
//	go test ./interop/chaos -v -chaos 10m  # as long as that for each; -seed N for one schedule
package chaos
