package rtxprom

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/realtimex/realtimex-go/rtx"
)

// A Collector is a prometheus.Collector for clients. [New] makes one. Its methods may be called
// concurrently.
type Collector struct {
	cfg config

	mu      sync.Mutex // held while a scrape reads the clients' figures, which do not block
	members []*member  // in the order of Add
}

// A member is a client and what is known of its streams.
type member struct {
	name    string
	client  *rtx.Client
	streams groups
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector without clients. The error names a bad option.
func New(opts ...Option) (*Collector, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	return &Collector{cfg: cfg}, nil
}

// errNoCollector is why a nil or zero Collector takes no client.
var errNoCollector = errors.New("rtxprom: New did not make the Collector")

// Add shows a client from the next scrape on. name is the value of its label client, at most 200
// bytes of UTF-8. Keep the API key out of it. Add returns an error if the name is empty, too long or
// taken, or if the client is nil. A client that has ended is shown until it is removed.
func (c *Collector) Add(name string, client *rtx.Client) error {
	switch {
	case c == nil || c.cfg.label == nil:
		return errNoCollector
	case client == nil:
		return fmt.Errorf("rtxprom: Add %q: the client is nil", name)
	case name == "" || len(name) > maxLabel || !utf8.ValidString(name):
		return fmt.Errorf("rtxprom: Add: the name must have 1 to %d bytes of UTF-8", maxLabel)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.members, func(m *member) bool { return m.name == name }) {
		return fmt.Errorf("rtxprom: Add: a client named %q is there already", name)
	}
	c.members = append(c.members, &member{name: name, client: client, streams: newGroups(c.cfg)})
	return nil
}

// Remove stops showing the client of that name, and reports whether there was one. Its series end.
// The client itself goes on.
func (c *Collector) Remove(name string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.members)
	c.members = slices.DeleteFunc(c.members, func(m *member) bool { return m.name == name })
	return len(c.members) < n
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range clientMetrics {
		ch <- m.desc
	}
	for _, m := range streamMetrics {
		ch <- m.desc
	}
	ch <- lagDesc
}

// Collect implements prometheus.Collector. Its cost grows with the number of open streams.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	if c == nil {
		return
	}
	for _, m := range c.read() {
		ch <- m
	}
}

// read returns the metrics of all clients. Nothing is sent on a channel under the lock.
func (c *Collector) read() (all []prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		v := look(m.client)
		for _, metric := range clientMetrics {
			all = append(all, metric.of(metric.read(&v), m.name))
		}
		for label, g := range m.streams.update(m.client.StreamStats()) {
			for _, metric := range streamMetrics {
				all = append(all, metric.of(metric.read(g), m.name, label))
			}
			if g.lag.measured {
				all = append(all, g.lag.metric(m.name, label))
			}
		}
	}
	return all
}
