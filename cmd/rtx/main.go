// Command rtx serves, listens to, and tries out RealtimeX from a terminal.
//
//	rtx serve                                   a server on this machine, to try things on
//	rtx auth-server                             signs for private and presence channels, as a backend would
//	rtx listen CHANNEL…                         events as they come
//	rtx trigger CHANNEL EVENT [DATA|-]          sends events
//	rtx presence CHANNEL --user-id ID           joins, and shows the members
//	rtx sign SOCKET_ID CHANNEL [CHANNEL_DATA]   the signature with which a channel is joined
//	rtx ping                                    round trips
//	rtx doctor [URL]                            checks the way to the service, step by step
//	rtx record FILE CHANNEL…                    writes down what a client sees, without secrets
//	rtx replay FILE                             shows that again; rtx serve --replay FILE serves it
//	rtx bench [URL]                             measures a service under load
//	rtx context add|use|list|remove             gives services names
//	rtx bridge nats CHANNEL…                    brings events to NATS JetStream
//	rtx version                                 tells version, commit and Go version
//
// The service, the API key and who signs are flags, or come from a context (--context, RTX_CONTEXT), or
// from the environment: RTX_URL, RTX_KEY, RTX_AUTH_ENDPOINT, RTX_SECRET. Results go to standard output, and everything else to standard
// error. The exit code is 0 if it was done or the reader of the output went away, 1 if it failed, 2
// for wrong usage, 130 if it was interrupted.
//
// A secret on a command line can be read by other users of the machine and ends up in the shell's
// history; the environment, or the prompt of rtx sign, is better. On Linux rtx hides it from the
// list of processes as soon as it runs. rtx auth-server takes none there.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long an interrupted command may take to close its connection. A reader of its output
// that has stopped must not keep it for longer.
const grace = 2 * time.Second

func main() {
	args := hideSecret(os.Args)
	signal.Ignore(syscall.SIGPIPE) // writing to a closed pipe then fails, and the connection is closed
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		time.AfterFunc(grace, func() { os.Exit(exitInterrupted) })
	})
	os.Exit(run(ctx, args[1:], os.Stdin, os.Stdout, os.Stderr))
}
