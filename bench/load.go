package main

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	buffer = 256        // of a stream, and of a floor's channel
	window = buffer / 2 // messages under way to a client
	grain  = 64         // messages that a client takes between two credits
)

// credits are the connections on which clients tell, a byte for each grain of messages, that they
// have taken them. They are apart from what is measured, and cost every client the same.
type credits struct {
	listener net.Listener
	mu       sync.Mutex
	conns    map[string]net.Conn
	arrived  *sync.Cond
}

func startCredits() (*credits, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &credits{listener: l, conns: make(map[string]net.Conn)}
	c.arrived = sync.NewCond(&c.mu)
	go c.accept()
	return c, nil
}

func (c *credits) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		// Byte by byte: what follows the line belongs to the load.
		var key strings.Builder
		for b := make([]byte, 1); ; {
			if _, err := conn.Read(b); err != nil || b[0] == '\n' {
				break
			}
			key.WriteByte(b[0])
		}
		c.mu.Lock()
		c.conns[key.String()] = conn
		c.arrived.Broadcast()
		c.mu.Unlock()
	}
}

// of waits for the client's connection.
func (c *credits) of(key string) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.conns[key] == nil {
		c.arrived.Wait()
	}
	return c.conns[key]
}

func (c *credits) close() {
	_ = c.listener.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// A sender writes up to n messages from message number from on, and tells how many.
type sender func(from, n int) (int, error)

// load sends total messages, a multiple of grain, as the credits allow. waited is the share of the
// time that it had nothing to do: if there is little of it, the load was the bound, and not the
// client.
func load(credit net.Conn, send sender, total int) (waited float64, err error) {
	begin := time.Now()
	var idle time.Duration
	var in [256]byte
	allowed := window
	await := func() error {
		n, err := credit.Read(in[:])
		if err != nil {
			return fmt.Errorf("the client is gone: %w", err)
		}
		allowed += n * grain
		return nil
	}
	for sent := 0; sent < total; {
		if sent == allowed {
			since := time.Now()
			if err := await(); err != nil {
				return 0, err
			}
			idle += time.Since(since)
			continue
		}
		n, err := send(sent, min(allowed, total)-sent)
		if err != nil {
			return 0, err
		}
		sent += n
	}
	waited = float64(idle) / float64(time.Since(begin))
	for allowed < total+window { // credits that are left would widen the next run's window
		if err := await(); err != nil {
			return 0, err
		}
	}
	return waited, nil
}

// overPolling sends ready-made packets.
func overPolling(p *polledSession, f *frames) sender {
	return func(from, n int) (int, error) {
		b, n := f.slice(from, n)
		return n, p.push(b)
	}
}

// overWebSocket sends ready-made frames.
func overWebSocket(conn net.Conn, f *frames) sender {
	return func(from, n int) (int, error) {
		b, n := f.slice(from, n)
		_, err := conn.Write(b)
		return n, err
	}
}
