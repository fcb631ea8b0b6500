package rtx

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// This file has the parts of a client: the tables under its lock, and the types that refer to each
// other. The functions on them are in the files of their names.

// A Client is one connection to the service, with the streams on it. Make one with [Dial] or [New]
// and close it with Close. All its methods may be called concurrently.
type Client struct {
	cfg    *config // a pointer, so that printing a struct with a client does not show it
	dialer transport.Dialer
	ctx    context.Context // ends when the client does
	cancel context.CancelFunc
	stats  counters
	trace  *tracer          // nil without WithTrace
	reader reader           // used only by the reading goroutine
	wall   func() time.Time // the wall clock; tests make it jump
	woken  chan struct{}    // wakes the connection's goroutine; capacity 1
	ids    atomic.Uint64    // the id of the last stream

	mu         sync.Mutex // guards what follows; never held across anything that can block
	machine    *core.Machine
	running    chan struct{} // closed when the connection's goroutine ends; nil if there is none
	attempt    *attempt      // the last attempt
	due        *attempt      // the attempt to make next
	looks      time.Time     // when the connection's goroutine looks again; zero if it does not
	goal       *goal         // what calls of Connect wait for; nil if there is no such call
	frames     [][]byte      // packets to write next
	acks       []uint64      // acknowledgements to write
	hide       []string      // secrets to give to the session before the frames are written
	recovery   *recovery
	state      StateChange
	watches    watches[StateChange]
	complaints watches[ServiceError]
	session    transport.Session // nil while there is none
	sessionCtx context.Context   // ends with the session
	sessionEnd context.CancelCauseFunc
	subs       map[string]*subscription
	held       atomic.Int64                // len(subs), readable without the lock
	rooms      map[*subscription]observers // those of package presence
	telling    *subscription               // its confirmation is being delivered, see readyLocked; nil if none is
	bindings   openStreams
	lifetimes  map[context.Context]*lifetime // those that a stream may join
	spills     spills
	lapses     lapses
	routes     routes // streams of the whole client
	broker     broker
	pings      map[*core.Ping]chan time.Duration
	ended      bool
	failure    error
	closing    bool // Close was called
	done       chan struct{}

	lastUnclaimed UnclaimedEvent

	warned sync.Once // that an authorizer of a channel asks the RealtimeX server itself
}

// A goal is the next connection, which calls of Connect wait for.
type goal struct {
	reached chan struct{} // closed when it is made, or when it will not be
	err     error         // why it will not be made; nil if it was
}

// A subscription is the client's part of one channel, beside the machine's: who holds it, and what
// was granted. It is guarded by the client's lock.
type subscription struct {
	core.Channel
	kind  kind
	gone  bool         // removed from the table
	forms forms        // the wrapped answers that it may still receive
	keys  *credentials // nil on a public channel

	routes routes          // its streams
	holds  *ordered[*Hold] // the holds of Subscribe; nil if there are none

	faults  *faults       // nil if there were none
	changed chan struct{} // closed at the next change; nil if nobody waits for one
}

// credentials are with what a channel is subscribed.
type credentials struct {
	userData json.RawMessage
	lane     *lane // of its authorizer; nil if it needs none
	grant    auth.Grant
}

// faults are what went wrong with a subscription.
type faults struct {
	evicted error // why its holders were last evicted
	last    error // why the last attempt to subscribe failed; nil if it did not
}

// observers are the rooms on a channel.
type observers struct {
	observe.Observer
	count int // how many holds they have
}

// A binding is the client's part of a stream: its sink, and the channels it is attached to. It is
// guarded by the client's lock, except c, sink, events and life, which never change.
type binding struct {
	c      *Client
	sink   sink
	events eventNames // the events that it takes; "*" for all but the internal ones
	life   *lifetime  // ends the stream; nil if nothing does

	group   *Group // the source, if it is a group
	places  places // where it is attached; nil subscription: to the whole client
	exited  *exit  // nil until a channel left or the stream ended
	place   int32  // its index among the client's open streams
	seat    int32  // its index among the streams of its lifetime
	id      uint64 // the stream's id; for a Partition the first of n
	ended   bool
	settled bool // the stream and its queue have ended
}

// A lifetime is a context that ends streams. Streams with the same context share one, because a
// callback of a context is larger than the rest of what ends a stream, and takes a goroutine to run.
// It is guarded by the client's lock, except ctx.
type lifetime struct {
	c       *Client
	ctx     context.Context
	stop    func() bool // detaches the callback; nil before there is one
	streams []*binding  // in the order in which they were opened; nil where one has left
	left    int
}

// eventNames are the names of events. There is nearly always one.
type eventNames struct {
	one  string
	more *[]string // the other names; nil if there are none
}

// An exit records which channels left a stream, and why the stream ended.
type exit struct {
	refused map[string]error   // why channels left, by name; without those that came back
	evicted bool               // the last channel left: the stream is about to end
	cause   error              // why the stream ended
	over    context.Context    // ends when the stream has; made by the first Ready that waits
	stop    context.CancelFunc // cancels over
	waiting int                // how many calls of Ready wait
}

// An attachment is a stream's place on one channel, or on the client. Lists may still contain an
// attachment that was taken off, until they are replaced.
type attachment struct {
	b          *binding
	s          *subscription // nil for a place on the client
	generation uint64        // the subscription's, at the time of attachment
	// epoch is the machine's at the time of attachment: earlier losses do not concern this one. It
	// is goneEpoch once the attachment was taken off.
	epoch atomic.Uint64
}

const goneEpoch = math.MaxUint64 // later than any loss

// A takers is a list of attachments.
type takers struct {
	list []*attachment
	dead int
}

// A route is the attachments for one event name.
type route struct {
	name string
	takers
}

// routes are the routes of one channel, or of the client. There is nearly always one name.
type routes struct {
	byName map[string]*route // nil if there is one name at most
	last   *route            // the only route, or that of byName that was found last; may be nil
	every  *takers           // of "*"; nil if there are none
	union  *takers           // each attachment once; nil if all are on one list
}

// places are the channels that a stream is attached to, in the order of attachment. There is nearly
// always one.
type places struct {
	one  *attachment
	more *manyPlaces // nil until there is a second
}

type manyPlaces struct {
	of    map[*subscription]*attachment
	order ordered[*attachment]
}

// openStreams are the open streams of a client. There can be very many, so each stream knows its
// place in the list.
type openStreams struct {
	list []*binding // nil where one was removed
	gone int
}

// lapses are the streams that left a channel and go on with others, where they may have missed what
// was published before they left. It is guarded by the client's lock.
//
// A channel that was live is one of recent for as long as the connection may have been dead at that
// time without the client's knowledge. If it was, the end of the connection shows it. A channel
// that waited for the next connection is one of late. On a fresh connection late ones are gaps. A
// restored session sends what was missed, also on channels that nothing holds any more: an event
// that the stream would have got makes the gap.
type lapses struct {
	recent []lapse // left since the connection was last seen alive
	late   []lapse // left when there was no connection any more, known or not
	sweep  int     // the length of recent at which it is looked through next

	sweepLate int // the same of late
}

type lapse struct {
	b       *binding
	channel string
	since   time.Time // when something may be missing first; not known of recent ones
	at      time.Time // when the channel left
	missed  bool      // a restored session sends it again, or what the service sent before is lost
}

// A broker has channels authorised, never two times at once for one channel and socket id, and not
// for a session that has ended. Each authorizer has its lane. The goroutines exist only while there
// is something to authorise. It is guarded by the client's lock.
type broker struct {
	lanes   map[any]*lane // by the identity of the authorizer
	running int           // goroutines, of all lanes; at most maxAsking
	queue   []*lane       // lanes with work that wait for a goroutine
	sweepAt int           // the length of the queue at which sweepQueueLocked is called next
	wg      sync.WaitGroup
}

// A lane is what one authorizer is to be asked. It exists while channels use it, or a goroutine
// works for it.
type lane struct {
	authority *authority
	channels  int // entries of the table that use it
	waiting   []question
	running   int           // goroutines, at most the authorizer's limit
	queued    bool          // in the broker's queue
	more      chan struct{} // closed when enough questions wait; nil unless a goroutine waits for more
	enough    int
	sweepAt   int // the number of questions at which sweepLocked is called next
}

// A question is a channel for which the machine needs a signature.
type question struct {
	s      *subscription
	ticket core.Ticket
	asked  time.Time // zero if the authorizer takes no batches
	alone  bool      // it is no part of a batch
}

// spills are the ended streams that still deliver their spill, and streams that are about to become
// such.
type spills struct {
	streams ordered[*binding]
	closed  bool // Close has discarded them: no stream delivers a spill any more
	sweepAt int  // the number of streams at which those that are done are removed next
}

// watches are the open streams of one kind of news about the client: its states, or the service's
// errors. They are guarded by the client's lock.
type watches[T any] struct{ open ordered[*watch[T]] }

// A watch is one of these streams.
type watch[T any] struct {
	c     *Client
	q     *stream.Queue[T]
	set   *watches[T]
	label string // the stream's name
	id    uint64
	ctx   context.Context
	stop  func() bool // detaches the callback from ctx; nil if there is none yet
}

// reader is what the reading goroutine keeps from one packet to the next.
type reader struct {
	ev          event
	at          time.Time // when the packet was read
	recoverable bool      // the session has a recovery id, so events may carry an offset
	names       map[string]string
	last        *subscription // the channel of the last event, often that of the next one too
	direct      direct
	more        bool      // another packet is at hand
	later       []rouser  // queues whose readers are to be woken
	held        int       // packets since they were
	telling     bool      // the client's telling is set
	complained  time.Time // when an error of the service was last logged
	missed      [2]string // channel and event of the last unclaimed event
	kept        bool      // the session leaves the packet alone from now on
	apart       *apart    // what it leaves to goroutines of the session
}

// An attempt is an attempt to connect that the machine asked for.
type attempt struct {
	ctx    context.Context // ends the attempt; replaced by one that ends its session
	cancel context.CancelCauseFunc
	resume bool
	over   chan struct{} // closed when it has failed, or its session has ended
	number int           // as it is shown
}

// A departure records that a channel left a stream.
type departure struct {
	b   *binding
	gap Gap   // the zero Gap if only the stream's end says it
	end error // why the stream ends; nil if it goes on
}

// made reports whether New made the client.
func (c *Client) made() bool { return c != nil && c.cfg != nil }

// check returns why a call can't be made on the client, or nil.
func (c *Client) check(ctx context.Context) error {
	if !c.made() {
		return errNoClient
	}
	return checkContext(ctx)
}

// An ending lists what ends with the client.
type ending struct {
	failure  error // nil for Close
	reason   error // the Err of the streams
	bindings []*binding
	facts    []factFor
	watches  []owner
}

// endErrLocked returns the error for streams and calls after the client's end.
func (c *Client) endErrLocked() error {
	if c.failure != nil {
		return c.failure
	}
	return ErrClosed
}

// A factFor is a fact to tell an observer.
type factFor struct {
	o observe.Observer
	f observe.Fact
}
