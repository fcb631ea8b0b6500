package interop_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
)

// What is done on each network, in this order: the columns of the matrix.
var columns = []string{"connect", "subscribe", "events in order", "large event down", "large event up", "client events", "presence", "cut and back"}

// matrix has the cells of each row.
type matrix struct {
	mu    sync.Mutex
	cells map[string]map[string]string
}

func (m *matrix) set(row, column, format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells[row] == nil {
		m.cells[row] = make(map[string]string)
	}
	m.cells[row][column] = fmt.Sprintf(format, args...)
}

// String is the matrix as a table.
func (m *matrix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| network | server has | %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)+2))
	for _, n := range networks {
		for _, server := range servers {
			row := n.name + " | " + server
			fmt.Fprintf(&b, "| %s |", row)
			for _, column := range columns {
				cell := m.cells[row][column]
				if cell == "" {
					cell = "-"
				}
				fmt.Fprintf(&b, " %s |", cell)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// TestMatrix does what a program does on each network, with a server that has both transports, and
// with one that has either. It prints the matrix with -v. Durations in it are told and not judged.
func TestMatrix(t *testing.T) {
	nodetest.Skip(t)
	m := &matrix{cells: make(map[string]map[string]string)}
	t.Run("networks", func(t *testing.T) {
		for _, n := range networks {
			for _, server := range servers {
				t.Run(n.name+", server has "+server, func(t *testing.T) {
					t.Parallel()
					n.try(t, m, server)
				})
			}
		}
	})
	t.Logf("\n%s", m)
}

// try fills one row.
func (n network) try(t *testing.T, m *matrix, server string) {
	row := n.name + " | " + server
	srv := startServer(t, nodetest.Recovery(time.Minute), nodetest.Transports(server))
	line := n.line(t, srv)
	base, opts := n.way(t, strings.TrimPrefix(line.URL(), "http://"))

	over := n.over(server)
	if over == "" {
		_, err := rtx.Dial(within(t), srv.Key(), append(opts, rtx.WithURL(base))...)
		var failed *rtx.DialError
		if !errors.As(err, &failed) || failed.Status == 0 {
			t.Errorf("connect: %v, where nothing the server has gets through", err)
		}
		m.set(row, "connect", "refused, and says so")
		return
	}

	began := time.Now()
	c := dial(t, base, srv.Key(), append(opts, quick(), as(t, srv, "ann", "Ann"))...)
	if got := c.Transport(); got != over {
		t.Errorf("connected over %q, want %q", got, over)
	}
	m.set(row, "connect", "%s, %s", over, since(began))
	other := dial(t, srv.URL(), srv.Key(), as(t, srv, "bob", "Bob"))

	began = time.Now()
	const channel = "private-orders"
	grow := rtx.WithOverflow(rtx.Grow(64 << 20))
	events := readyOn[numbered](t, c.Channel(channel), "n", grow)
	down := readyOn[order](t, c.Channel(channel), "big")
	up := readyOn[order](t, other.Channel(channel), "client-big")
	clients := readyOn[numbered](t, other.Channel(channel), "client-n", grow)
	m.set(row, "subscribe", "%s", since(began))

	began = time.Now()
	srv.Burst(channel, "n", 0, n.events)
	inOrder(t, events, 0, n.events)
	m.set(row, "events in order", "%d, %s", n.events, since(began))

	size := n.big
	if n.rate > 0 && over == rtx.WebSocket {
		size = slowFrame
	}
	big := order{7, noise(size)}
	var both sync.WaitGroup
	both.Go(func() {
		began := time.Now()
		srv.Publish(channel, "big", big)
		if got := next(t, down); got != big {
			t.Errorf("a large event of %d bytes came", len(got.Name))
		}
		m.set(row, "large event down", "%d kB, %s", size/1000, since(began))
	})
	began = time.Now()
	if err := c.Channel(channel).Trigger(within(t), "client-big", big); err != nil {
		t.Errorf("a large client event: %v", err)
	} else if got := next(t, up); got != big {
		t.Errorf("a large client event of %d bytes came", len(got.Name))
	}
	m.set(row, "large event up", "%d kB, %s", size/1000, since(began))
	both.Wait()

	const triggers = 100
	began = time.Now()
	for i := range triggers {
		if err := c.Channel(channel).Trigger(within(t), "client-n", numbered{i}); err != nil {
			t.Fatal(err)
		}
	}
	inOrder(t, clients, 0, triggers)
	m.set(row, "client events", "%d, %s", triggers, since(began))

	began = time.Now()
	mine := watchRoom(t, c, "presence-desk")
	mine.until("ann=Ann")
	watchRoom(t, other, "presence-desk")
	mine.until("ann=Ann bob=Bob")
	m.set(row, "presence", "%s", since(began))

	n.cut(t, m, row, srv, line, c, events)
}

// cut breaks every connection, and publishes before, meanwhile and after it.
func (n network) cut(t *testing.T, m *matrix, row string, srv *nodetest.Server, line *nodetest.Proxy, c *rtx.Client, events *rtx.Stream[numbered]) {
	const channel = "private-orders"
	states := c.States(t.Context())
	<-states.C // the present one
	began := time.Now()
	srv.Burst(channel, "n", n.events, 10)
	line.Cut()
	srv.Burst(channel, "n", n.events+10, 10)
	recovered := back(t, states, line)
	if err := events.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	srv.Burst(channel, "n", n.events+20, 10)
	got, gaps := 0, 0
	last := n.events - 1
	for v, gap := range events.All() {
		if gap != nil {
			gaps++
			continue
		}
		if v.N <= last || v.N != last+1 && gaps == 0 {
			t.Errorf("event %d after %d, with %d gaps told", v.N, last, gaps)
		}
		last = v.N
		if got++; last == n.events+29 {
			break
		}
	}
	if recovered && (gaps > 0 || got != 30) {
		t.Errorf("recovered, with %d gaps and %d events of 30", gaps, got)
	}
	outcome := "recovered"
	if !recovered {
		outcome = fmt.Sprintf("%d gap told", gaps)
		if gaps == 0 {
			t.Error("a fresh connection, and no gap")
		}
	}
	m.set(row, "cut and back", "%s, %s", outcome, since(began))
}

// back waits until the client has a connection again, and reports whether that was recovered. A cut
// between two polls breaks nothing: then there is another.
func back(t *testing.T, states *rtx.States, line *nodetest.Proxy) (recovered bool) {
	t.Helper()
	limit := time.After(patience)
	lost := false
	for {
		select {
		case st := <-states.C:
			if lost = true; st.State == rtx.StateConnected {
				return st.Recovered
			}
		case <-time.After(300 * time.Millisecond):
			if !lost {
				line.Cut()
			}
		case <-limit:
			t.Fatal("no connection after the cut")
		}
	}
}

// inOrder receives the events from first on.
func inOrder(t *testing.T, s *rtx.Stream[numbered], first, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := first; i < first+n; i++ {
		select {
		case v := <-s.C:
			if v.N != i {
				t.Fatalf("event %d has number %d", i, v.N)
			}
		case <-ctx.Done():
			t.Fatalf("event %d did not come", i)
		}
	}
}

// noise is text that can't be compressed much.
func noise(n int) string {
	source := rand.NewChaCha8([32]byte{18})
	b := make([]byte, n*3/4+3)
	_, _ = source.Read(b)
	return base64.StdEncoding.EncodeToString(b)[:n]
}

func since(began time.Time) string { return time.Since(began).Round(time.Millisecond).String() }
