package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/realtimex/realtimex-go/rtx/mirror"
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

func (d *database) load(context.Context) (map[string]Stock, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.rows), nil
}

func describe(c mirror.Change[string, Stock]) string {
	var b strings.Builder
	for _, item := range slices.Sorted(maps.Keys(c.Added)) {
		fmt.Fprintf(&b, "New: %s %d. ", item, c.Added[item].Left)
	}
	for _, item := range slices.Sorted(maps.Keys(c.Updated)) {
		fmt.Fprintf(&b, "Changed: %s %d. ", item, c.Updated[item].Left)
	}
	if !c.Fresh {
		b.WriteString("From here on, changes may be missing.")
	}
	return strings.TrimSpace(b.String())
}
