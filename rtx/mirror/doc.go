// Package mirror keeps state true that a program loads once and that changes by events: a table of
// a database, the prices of a market, who is on which ticket. The service keeps no events for
// clients that are away, so after a lost connection, a deploy of the service or an overflow, some
// are missing. The stream then has a gap, and the mirror loads the state again.
//
//	stock := mirror.Open(ctx, client.Channel("stock"), "stock-changed",
//		func(ctx context.Context) (map[string]Item, error) { return db.Stock(ctx) },
//		func(s *mirror.State[string, Item], e Item) { s.Set(e.ID, e) },
//	)
//	defer stock.Close()
//	if err := stock.Fresh(ctx); err != nil { // everything is loaded
//		return err
//	}
//	lamps, ok := stock.Get("lamps")
//
// # What is promised
//
// Whenever [Mirror.Stale] says that the mirror is fresh, it is what was loaded with every event
// since then applied, in the service's order, none missing. For that it
//
//   - subscribes first and loads then, so that no event falls between;
//   - keeps the events that come while a load runs, and applies them to its result;
//   - loads again after each gap, when the channel is confirmed again, and drops the result of a load
//     that began before;
//   - runs one load at a time, so that an older result never replaces a newer one.
//
// The program must see to it that a change is in what load reads before its event is published. If
// it is published first, a load may miss both.
//
// While it is stale, a mirror has the last state that was known, with the events applied that still
// come. A load that fails is repeated, with back-off, for ever; Stale and Fresh say why it failed.
//
// # Changes
//
// [Mirror.Changes], or Wake and [Mirror.Pending] in a select loop, tell what is different: the
// first change has everything, each later one exactly what differs from those before, also across a
// load. A reader that is slow gets fewer and larger changes, which are just as exact. A [Change]
// also says whether the mirror was fresh.
//
// In a select loop, take one change with Pending after each token of Wake, and leave the loop when
// the receive from Wake reports that it is closed.
//
// # Several channels
//
// The source may be a [rtx.Group]. One load is made for the gaps of all channels that come
// together. With [WithParts], only the parts of the channels that have gaps are loaded. A channel
// that is refused leaves the group's streams, and the mirror is stale until it is added again. A
// channel that is added to the group later has the state loaded again once it is confirmed. Only if
// the client had it confirmed already, for another stream, call [Mirror.Reload].
//
// # Costs
//
// A mirror has a goroutine, and one more while it loads or waits until everything is confirmed. It
// holds the state twice while a result is compared with what it has, and for slow readers the old
// values of the keys that have changed.
package mirror
