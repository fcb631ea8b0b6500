package interop_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A tap stands between a client and a server and writes down each packet of Engine.IO that passes,
// before it passes it on: so a cause stands above its effect. It understands HTTP/1.1 and WebSockets
// without extensions.
type tap struct {
	t      *testing.T
	ln     net.Listener
	target string
	wg     sync.WaitGroup

	mu     sync.Mutex
	lines  []string
	grown  chan struct{} // closed and replaced with each line
	closed bool
	gate   chan struct{} // closed while connections are let through
	conns  map[net.Conn]struct{}
}

func startTap(t *testing.T, target string) *tap {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{t: t, ln: ln, target: target, grown: make(chan struct{}), gate: make(chan struct{}), conns: make(map[net.Conn]struct{})}
	close(p.gate)
	p.wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { p.end() })
	return p
}

func (p *tap) URL() string { return "http://" + p.ln.Addr().String() }

// cut ends all connections, and lets none through until open is called.
func (p *tap) cut() (open func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.gate = gate
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.lines = append(p.lines, "the link is cut")
	return func() { close(gate) }
}

// wait waits until as many lines contain the text.
func (p *tap) wait(text string, n int) {
	p.t.Helper()
	for {
		p.mu.Lock()
		grown, lines := p.grown, strings.Join(p.lines, "\n")
		p.mu.Unlock()
		if strings.Count(lines, text) >= n {
			return
		}
		select {
		case <-grown:
		case <-within(p.t).Done():
			p.t.Fatalf("not %d times %q in\n%s", n, text, lines)
		}
	}
}

// end returns what was written down, once all connections have ended.
func (p *tap) end() []string {
	_ = p.ln.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return p.lines
}

func (p *tap) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
	close(p.grown)
	p.grown = make(chan struct{})
}

// track reports whether a connection may be used, and has it closed with the tap or by a cut.
func (p *tap) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *tap) forget(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

func (p *tap) serve(client net.Conn) {
	p.mu.Lock()
	gate := p.gate
	p.mu.Unlock()
	if !p.track(client) {
		return
	}
	defer p.forget(client)
	<-gate
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.track(server) {
		return
	}
	defer p.forget(server)
	up, down := bufio.NewReader(client), bufio.NewReader(server)
	for {
		request, err := http.ReadRequest(up)
		if err != nil {
			return
		}
		upgraded, err := p.exchange(request, client, server, down)
		if err != nil {
			return
		}
		if upgraded {
			var both sync.WaitGroup
			both.Go(func() { p.frames("C>S", up, server) })
			both.Go(func() { p.frames("S>C", down, client) })
			both.Wait()
			return
		}
	}
}

// exchange passes a request and its answer on. What tells of a session that exists is left out.
func (p *tap) exchange(request *http.Request, client, server net.Conn, down *bufio.Reader) (upgraded bool, err error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return false, err
	}
	query := request.URL.Query()
	if !query.Has("sid") || query.Get("transport") == "websocket" {
		p.note("C>S %s %s", request.Method, request.URL)
	}
	p.packets("C>S post", body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	if err := request.Write(server); err != nil {
		return false, err
	}
	answer, err := http.ReadResponse(down, request)
	if err != nil {
		return false, err
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		p.note("S>C 101")
		_, _ = fmt.Fprintf(client, "HTTP/1.1 %s\r\n", answer.Status)
		_ = answer.Header.Write(client)
		_, err := io.WriteString(client, "\r\n")
		return true, err
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return false, err
	}
	switch {
	case answer.StatusCode != http.StatusOK:
		p.note("S>C %d %s", answer.StatusCode, text)
	case request.Method == http.MethodGet:
		p.packets("S>C poll", text)
	}
	answer.Body, answer.ContentLength, answer.TransferEncoding = io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	return false, answer.Write(client)
}

// packets are those of a body of polling.
func (p *tap) packets(lane string, body []byte) {
	if len(body) == 0 {
		return
	}
	for packet := range bytes.SplitSeq(body, []byte{0x1e}) {
		p.note("%s %s", lane, packet)
	}
}

// frames passes the frames of one direction on. A close frame is the last.
func (p *tap) frames(lane string, in *bufio.Reader, out net.Conn) {
	defer out.Close()
	for {
		head, payload, err := readFrame(in)
		if err != nil {
			return
		}
		switch head[0] & 0x0f {
		case 1:
			p.note("%s ws %s", lane, payload)
		case 2:
			p.note("%s ws binary %s", lane, base64.StdEncoding.EncodeToString(payload))
		case 8:
			code := 1005 // none
			if len(payload) >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
			}
			p.note("%s ws close %d", lane, code)
		}
		if head[1]&0x80 != 0 {
			mask(payload, head[len(head)-4:])
		}
		if _, err := out.Write(append(head, payload...)); err != nil {
			return
		}
		if head[0]&0x0f == 8 {
			_, _ = io.Copy(out, in) // until the sender ends the connection
			return
		}
	}
}

// readFrame returns the header of a frame, and its payload unmasked.
func readFrame(in *bufio.Reader) (head, payload []byte, err error) {
	head = make([]byte, 2, 14)
	if _, err = io.ReadFull(in, head); err != nil {
		return nil, nil, err
	}
	more := map[byte]int{126: 2, 127: 8}[head[1]&0x7f]
	masked := head[1]&0x80 != 0
	if masked {
		more += 4
	}
	head = head[:2+more]
	if _, err = io.ReadFull(in, head[2:]); err != nil {
		return nil, nil, err
	}
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		size = binary.BigEndian.Uint64(head[2:])
	}
	payload = make([]byte, size)
	if _, err = io.ReadFull(in, payload); err != nil {
		return nil, nil, err
	}
	if masked {
		mask(payload, head[len(head)-4:])
	}
	return head, payload, nil
}

func mask(payload, key []byte) {
	for i := range payload {
		payload[i] ^= key[i%4]
	}
}
