package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/realtimex/realtimex-go/rtxtest"
)

// database is where the truth is. Whoever changes it publishes the change.
type database struct {
	srv     *rtxtest.Server
	mu      sync.Mutex
	version int
	rows    map[string]Stock
}

func newDatabase(srv *rtxtest.Server) *database {
	return &database{srv: srv, rows: map[string]Stock{}}
}

func (d *database) set(item string, left int) {
	d.mu.Lock()
	d.version++
	s := Stock{item, left, d.version}
	d.rows[item] = s
	d.mu.Unlock()
	d.srv.Publish("stock", "stock-changed", s)
}

func (d *database) all() []Stock {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.rows))
}

func (t table) String() string {
	rows := slices.SortedFunc(maps.Values(t), func(a, b Stock) int { return cmp.Compare(a.Item, b.Item) })
	var b strings.Builder
	for _, s := range rows {
		fmt.Fprintf(&b, " %s %d", s.Item, s.Left)
	}
	return strings.TrimSpace(b.String())
}
