package mirror_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/mirror"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Item says how many of something are left.
type Item struct {
	ID      string `json:"id"`
	Left    int    `json:"left"`
	Version int    `json:"version"`
}

// A shop stands for a database, which publishes what changes.
type shop struct {
	srv     *rtxtest.Server
	mu      sync.Mutex
	version int
	items   map[string]Item
}

// local starts a server in this process, a client of it and a shop.
func local(ctx context.Context) (*shop, *rtx.Client, func()) {
	srv, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		log.Fatal(err)
	}
	return &shop{srv: srv, items: make(map[string]Item)}, client, func() {
		client.Close()
		srv.Close()
	}
}

func (s *shop) set(id string, left int) {
	s.mu.Lock()
	s.version++
	item := Item{id, left, s.version}
	if s.items[id] = item; left == 0 {
		delete(s.items, id)
	}
	s.mu.Unlock()
	s.srv.Publish("stock", "changed", item)
}

func (s *shop) load(context.Context) (map[string]Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.items), nil
}

func apply(s *mirror.State[string, Item], e Item) {
	if e.Left == 0 {
		s.Delete(e.ID)
		return
	}
	s.Set(e.ID, e)
}

// A table is loaded, kept current by events, and loaded again after an outage in which changes were
// missed.
func ExampleOpen() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	shop, client, done := local(ctx)
	defer done()

	shop.set("lamps", 7)
	stock := mirror.Open(ctx, client.Channel("stock"), "changed", shop.load, apply)
	defer stock.Close()
	if err := stock.Fresh(ctx); err != nil {
		log.Fatal(err)
	}
	lamps, _ := stock.Get("lamps")
	fmt.Println("lamps", lamps.Left)

	shop.srv.Stop() // a deploy, say
	shop.set("lamps", 2)
	shop.set("rugs", 40)
	shop.srv.Resume()

	for change := range stock.Changes() {
		if rugs, ok := change.Added["rugs"]; ok {
			fmt.Println("rugs", rugs.Left, "lamps", change.Updated["lamps"].Left, "fresh", change.Fresh)
			break
		}
	}
	// Output:
	// lamps 7
	// rugs 40 lamps 2 fresh true
}

// The state in a select loop: what has changed, and whether it can be relied on.
func ExampleMirror_Pending() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	shop, client, done := local(ctx)
	defer done()

	shop.set("lamps", 7)
	stock := mirror.Open(ctx, client.Channel("stock"), "changed", shop.load, apply)
	defer stock.Close()
	shown := make(map[string]Item) // what is on the screen
	for len(shown) != 1 || shown["rugs"].Left != 3 {
		_, open := <-stock.Wake // in a select, beside others
		if change, some := stock.Pending(); some {
			change.Apply(shown)
		}
		if since, why := stock.Stale(); !open {
			log.Fatal("stale since ", since, ": ", why)
		}
		if shown["lamps"].Left == 7 {
			shop.set("lamps", 0)
			shop.set("rugs", 3)
		}
	}
	fmt.Println(slices.Collect(maps.Keys(shown)), stock.Len(), stock.Stats().Loads)
	for id, item := range stock.All() {
		fmt.Println(id, item.Left)
	}
	// Output:
	// [rugs] 1 1
	// rugs 3
}

// Every option. With versions, an event that comes late never sets a value back. With parts, a gap
// of one channel has the part of that channel loaded.
func ExampleWithVersion() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	shop, client, done := local(ctx)
	defer done()

	shop.set("lamps", 7)
	stock := mirror.Open(ctx, rtx.NewGroup(client.Channel("stock")), "changed", shop.load, apply,
		mirror.WithVersion(func(e Item) (string, int) { return e.ID, e.Version }, func(i Item) int { return i.Version }),
		mirror.WithEqual(func(a, b Item) bool { return a.Left == b.Left }),
		mirror.WithParts(func(id string) string { return "stock" }, func(ctx context.Context, channels []string) (map[string]Item, error) {
			fmt.Println("loading", channels)
			return shop.load(ctx)
		}),
		mirror.WithLoadTimeout(5*time.Second),
		mirror.WithBackoff(10*time.Millisecond, time.Second),
		mirror.WithMaxEvents(1000),
		mirror.WithStream(rtx.WithBuffer(1024), rtx.WithName("stock")),
	)
	if err := stock.Fresh(ctx); err != nil {
		log.Fatal(err)
	}
	shop.srv.Publish("stock", "changed", Item{"lamps", 9, 0}) // older than what was loaded
	shop.srv.Publish("stock", "changed", "what is this?")     // a gap
	for stock.Stats().Loads < 2 {
		time.Sleep(time.Millisecond)
	}
	lamps, _ := stock.Get("lamps")
	fmt.Println("lamps", lamps.Left, "left out", stock.Stats().LeftOut)

	stock.Reload()
	if err := stock.Fresh(ctx); err != nil {
		log.Fatal(err)
	}
	stock.Close()
	fmt.Println(stock.Stats().Loads, stock.Err())
	// Output:
	// loading [stock]
	// lamps 7 left out 1
	// 3 <nil>
}

// apply can read what there is, so an event may say how much was added.
func ExampleState_Get() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	shop, client, done := local(ctx)
	defer done()

	type sale struct {
		ID      string
		Sold    int
		Version int
	}
	shop.set("lamps", 7)
	stock := mirror.Open(ctx, client.Channel("stock"), "sold", shop.load,
		func(s *mirror.State[string, Item], e sale) {
			item, _ := s.Get(e.ID)
			if item.Left -= e.Sold; item.Left == 0 {
				s.Delete(e.ID)
				return
			}
			s.Set(e.ID, Item{e.ID, item.Left, e.Version})
		},
		mirror.WithVersion(func(e sale) (string, int) { return e.ID, e.Version }, func(i Item) int { return i.Version }))
	defer stock.Close()
	if err := stock.Fresh(ctx); err != nil {
		log.Fatal(err)
	}
	shop.srv.Publish("stock", "sold", sale{"lamps", 3, 2})
	for change := range stock.Changes() {
		if lamps := change.Updated["lamps"]; lamps.Version == 2 {
			fmt.Println(lamps.Left, "left")
			break
		}
		if lamps := change.Added["lamps"]; lamps.Version == 2 { // the first change has it all
			fmt.Println(lamps.Left, "left")
			break
		}
	}
	// Output: 4 left
}
