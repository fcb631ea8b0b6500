package rtx

import "time"

// A Trace is a set of functions, called hooks, that are told what a client does. It is for metrics,
// spans and logs. Every field may be nil. Give it to a client by [WithTrace].
//
// A hook runs on a goroutine of the client, or on that of a caller whose call caused it. It must not
// block: what called it waits, which may be the reader or whoever answers heartbeats. No lock is
// held, so a hook may call any method of the client and of its streams, except [Client.Close], which
// would wait for itself. A method that waits for something may be given a context that has ended, or
// be called in a goroutine of its own.
//
// A panic in a hook is recovered and logged at Error, and everything goes on: see [WithLogger].
//
// # Order
//
// The hooks from DialStart to Authorized, and Closed, tell of the client's decisions. They are
// called one at a time, in the order of the decisions, so what only they touch needs no lock. If one
// causes another, that is called after it has returned. A call such as Connect may return before a
// hook that another goroutine calls. These rules hold:
//
//   - Each DialStart is followed by one DialDone.
//   - Each DialDone without an error is followed at once by one Connected.
//   - Each Connected is followed by one Lost, also if Close ended the connection.
//   - SubscribeStart and Subscribed come between a Connected and its Lost. So does SubscribeFailed,
//     unless messages of the channel ended the connection: then it comes after the Lost.
//   - Authorized comes before the SubscribeStart that it allows.
//   - Closed is the last of them.
//
// Gap, Sent, Unclaimed and Slow are called at once by the goroutine that is named there. They may
// run at the same time as each other and as any other hook.
//
// # Contents
//
// No info has a secret in it: no API key, no signature, no token, no socket id, no session id and no
// channel data. Errors are those that the library returns. The fields of an info may become more.
type Trace struct {
	// DialStart is called before an attempt to connect.
	DialStart func(DialStartInfo)

	// DialDone is called when an attempt is over: it has failed, or the socket id is known.
	DialDone func(DialDoneInfo)

	// Connected is called when there is a connection, right after DialDone.
	Connected func(ConnectedInfo)

	// Lost is called when the connection has ended, for whatever reason.
	Lost func(LostInfo)

	// SubscribeStart is called before a request to subscribe is written. If the service does not
	// answer in time, the request is written again, and SubscribeStart is called again.
	SubscribeStart func(SubscribeStartInfo)

	// Subscribed is called when the service has confirmed a channel.
	Subscribed func(SubscribedInfo)

	// SubscribeFailed is called when a channel is refused, can't be authorized, or is not answered.
	// It is called before the streams of the channel end, if they do. It is not called for
	// [Client.ForceUnsubscribe].
	SubscribeFailed func(SubscribeFailedInfo)

	// Authorized is called when the authorizer has answered, whatever the answer is. A batch is one
	// call.
	Authorized func(AuthorizedInfo)

	// Gap is called when a reader takes a gap from a stream, by the reader's goroutine, before the
	// reader gets it. It is called exactly once for each gap that a reader gets, with the same
	// fields. Losses that were merged into one gap are one call, so the sums of Dropped and Malformed
	// are exact. A gap that nobody takes is not told; StreamStats counts what was lost at once.
	Gap func(GapInfo)

	// Sent is called when a client event was written, by the goroutine that called Trigger. An event
	// that could not be written is not told, because Trigger returns why.
	Sent func(SentInfo)

	// Unclaimed is called for every event that no open stream received, by the reading goroutine: see
	// [UnclaimedEvent].
	Unclaimed func(UnclaimedInfo)

	// Slow is called when the buffer of a stream has filled up to SlowShare, by the reading
	// goroutine. It is called once, and again only after the buffer has been below half of that. For
	// a stream with [WithConflate] the buffer has keys. Under [Grow] what is behind the buffer counts
	// too, so Depth may be more than Capacity. A buffer of very few values fills up often.
	Slow func(SlowInfo)

	// SlowShare is the share of the buffer at which Slow is called, above 0 and up to 1. 0 means the
	// default: 0.8.
	SlowShare float64

	// Closed is called when the client has ended and its goroutines too, by the goroutine that called
	// Close, or Connect if the service refused the client for good. Done is closed before.
	Closed func(ClosedInfo)
}

// DialStartInfo is about an attempt to connect that begins.
type DialStartInfo struct {
	Attempt int  // the number of the attempt, from 1, as in StateChange
	Resume  bool // the service is asked to restore the lost session
}

// DialDoneInfo is about an attempt to connect that is over.
type DialDoneInfo struct {
	Attempt  int
	Duration time.Duration // since DialStart
	Step     ConnectStep   // where it failed, if Err is a *DialError; else ""
	Resumed  bool          // the service restored the lost session
	// Err is nil if there is a connection now. Otherwise it is a *DialError, a *ConnectError, or why
	// the connection ended before the socket id was known, such as a *CloseError or ErrClosed.
	Err error
}

// Recovery says whether a connection continues the session before it.
type Recovery string

const (
	RecoveryNone     Recovery = "none"     // there was nothing to restore: the first connection, a service without recovery, or no event yet
	RecoverySkipped  Recovery = "skipped"  // the client did not ask, because the session is gone or could not be trusted
	RecoveryRefused  Recovery = "refused"  // the client asked, and the service began a new session
	RecoveryRestored Recovery = "restored" // the service restored the session, and nothing was missed
)

// ConnectedInfo is about a connection that was made.
type ConnectedInfo struct {
	Attempt  int // the number of the attempt that succeeded
	Recovery Recovery
	Down     time.Duration // since Lost; 0 for the first connection
}

// LostInfo is about a connection that has ended.
type LostInfo struct {
	Err error         // why, such as a *LostError or a *CloseError; ErrClosed after Close
	Up  time.Duration // since Connected
}

// SubscribeStartInfo is about a request to subscribe.
type SubscribeStartInfo struct {
	Channel string
	Again   bool // the channel was confirmed before and has been held since
}

// SubscribedInfo is about a channel that was confirmed.
type SubscribedInfo struct {
	Channel  string
	Duration time.Duration // since the last SubscribeStart; 0 if that was on an earlier connection
	Again    bool          // as in SubscribeStartInfo
}

// SubscribeFailedInfo is about a channel that was not confirmed.
type SubscribeFailedInfo struct {
	Channel string
	Err     error         // a *SubscribeError
	Retry   bool          // the client tries again; otherwise all that held the channel is ended
	After   time.Duration // how long it waits before, if Retry is set
}

// AuthorizedInfo is about one call of an authorizer.
type AuthorizedInfo struct {
	Channels []string // the channels of the call, in their order; a hook must not change them
	Duration time.Duration
	Failed   int   // how many channels have no signature
	Err      error // nil if all have one; otherwise why not, a *SubscribeError for each such channel, joined
}

// GapInfo is about a gap that a reader took.
type GapInfo struct {
	ID   uint64 // of the stream, as in StreamStats
	Name string // of the stream, as in StreamStats
	Gap  Gap
}

// SentInfo is about a client event that was written.
type SentInfo struct {
	Channel string
	Event   string
	Size    int // bytes of the payload's JSON
}

// UnclaimedInfo is about an event that no open stream received. The names are cut to 200 bytes, and
// each unprintable character is a full stop.
type UnclaimedInfo struct{ Channel, Event string }

// SlowInfo is about a stream whose reader is behind.
type SlowInfo struct {
	ID       uint64  // of the stream, as in StreamStats
	Name     string  // of the stream, as in StreamStats
	Depth    int     // buffered values
	Capacity int     // values that the buffer can have
	Share    float64 // the SlowShare of the Trace
}

// ClosedInfo is about the end of a client.
type ClosedInfo struct {
	Err error // the refusal by the service; nil after Close, as in Client.Err
}
