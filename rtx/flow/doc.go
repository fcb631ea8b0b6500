// Package flow has operators over values and gaps. Each has a rule for what it does with a gap, so
// that a pipeline tells as much of what it misses as the stream that it begins with.
//
//	totals := flow.Map(flow.Filter(orders.All(), paid), total)
//	for cents, gap := range totals {
//		if gap != nil {
//			reload(gap)
//			continue
//		}
//		add(cents)
//	}
//	return orders.Err()
//
// # The law
//
//	Map, Filter, FlatMap   passes in its place
//	Scan                   passes in its place; a function says what the state becomes
//	Changed                passes in its place; what was known of that channel is forgotten
//	Merge                  passes, in its place among what comes from the same source
//	Tee                    passes to every taker; what a slow taker misses is a gap of its own
//	Latest                 passes; who asks is told if the value is older than a gap
//	OrderedMap             waits for its turn
//	ForEach                is a barrier: what began before ends, its function runs alone, then on
//	Errors                 becomes an error in its place
//	Outages                is told once for each outage, with all channels concerned
//
// Batches, Window, Debounce and Sample need the time, and are in package rtx.
//
// # Pulled by the consumer
//
// An operator does nothing until somebody ranges over what it returns. It runs on the goroutine
// that ranges. OrderedMap and ForEach call functions on goroutines of their own, and none is left
// when the range or the call is over. No operator has a queue, except Tee for slow takers.
//
// A sequence continues. If a range is left early, the next range over the same sequence goes on
// after the last item that was handed out: the state of Scan, the rest of a slice of FlatMap, and
// what OrderedMap has begun are kept. So a sequence over [rtx.Stream.Pending] serves the select
// loop of package rtx. Make it once, before the loop, and range over it in place of
// orders.Pending():
//
//	totals := flow.Scan(orders.Pending(), 0, add, nil)
//
// One range at a time may be over a sequence. A panic of a function that OrderedMap or ForEach
// calls ends the program, as on every goroutine. What Tee returns may be ranged over by one
// goroutine each; the methods of Latest and Outages may be called concurrently.
//
// # Feeds
//
// Merge, OrderedMap and ForEach wait for several things at a time: the next item, a result, the end
// of a context. A sequence that waits by itself, as All does, can't be waited for beside others. So
// these operators read a [Feed]: a sequence that does not wait, with the channel that wakes it.
// [From] makes one of a stream.
package flow
