package rtx_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
)

// goodChannel is the one that a hostile service treats well: it confirms it and sends its numbered
// events. Nothing hostile says its name but in a form that a publisher could use.
const goodChannel = "good-7d31"

// A hostileService is a fake that stands behind pipes: it writes every byte of HTTP and of
// WebSocket frames itself, so that it can write wrong ones. What it does is done by the script, one
// act after the other; by itself it only answers.
type hostileService struct {
	t    testing.TB
	book ledger.Book

	conns chan net.Conn
	done  chan struct{}
	wg    sync.WaitGroup

	mu      sync.Mutex
	dials   int
	plans   []handshake // of the next connections; then good ones
	answers []answer    // to the next subscriptions of other channels; then they are confirmed
	always  map[string]answer
	mute    bool // it answers no realtimex:ping
	twice   bool // it confirms twice
	current *hostileConn
	live    map[*hostileConn]bool
}

// A handshake is how one connection begins. The zero one is good.
type handshake struct {
	status  int           // of HTTP; 0: 101
	header  string        // more lines of it
	body    string        // of an answer that is no 101
	open    string        // the open packet
	connect string        // what answers CONNECT
	before  []string      // packets before that
	after   []string      // and after
	wait    time.Duration // before all of it
}

// An answer is what is sent on a subscribe; CHANNEL stands for its channel.
type answer struct {
	packets []string
	wait    time.Duration
	after   []string      // more packets
	pause   time.Duration // before those
}

func newHostileService(t testing.TB) *hostileService {
	s := &hostileService{t: t, conns: make(chan net.Conn), done: make(chan struct{}), live: make(map[*hostileConn]bool)}
	s.wg.Go(func() {
		for {
			select {
			case c := <-s.conns:
				s.wg.Go(func() { s.serve(c) })
			case <-s.done:
				return
			}
		}
	})
	return s
}

// client is what reaches the service.
func (s *hostileService) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case s.conns <- theirs:
			return ours, nil
		case <-s.done:
			return nil, errors.New("connection refused")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}}
}

// close ends it once its client is closed.
func (s *hostileService) close() {
	close(s.done)
	s.mu.Lock()
	for c := range s.live {
		c.cut()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// A hostileConn is one connection.
type hostileConn struct {
	raw     net.Conn
	r       *bufio.Reader
	writing chan struct{} // capacity 1: held by who writes; a mutex would stop the clock
	once    sync.Once
	gone    chan struct{}
	spoilt  bool // the script's: a frame was begun that nobody knows the end of
}

func (c *hostileConn) cut() {
	c.once.Do(func() { close(c.gone); _ = c.raw.Close() })
}

// write writes bytes as they are. That the client is gone is no error of the script.
func (c *hostileConn) write(b []byte) {
	select {
	case c.writing <- struct{}{}:
		_, _ = c.raw.Write(b)
		<-c.writing
	case <-c.gone:
	}
}

const (
	opText   = 0x81
	opBinary = 0x82
	opClose  = 0x88
	opPing   = 0x89
)

// attached begins what send sends as an attachment.
const attached = "\x00attached:"

// frame is a WebSocket frame with that first byte.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func (c *hostileConn) send(packets ...string) {
	for _, p := range packets {
		if attachment, ok := strings.CutPrefix(p, attached); ok {
			c.write(frame(opBinary, []byte(attachment)))
			continue
		}
		c.write(frame(opText, []byte(p)))
	}
}

// read returns the next frame of the client's, unmasked.
func (c *hostileConn) read() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(c.r, b[:])
		n = int64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(c.r, b[:])
		n = int64(binary.BigEndian.Uint64(b[:]))
	}
	if err != nil {
		return 0, nil, err
	}
	var mask [4]byte
	if _, err = io.ReadFull(c.r, mask[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.r, payload)
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0xf, payload, err
}

// serve is one connection, from its HTTP request on.
func (s *hostileService) serve(raw net.Conn) {
	c := &hostileConn{raw: raw, r: bufio.NewReader(raw), writing: make(chan struct{}, 1), gone: make(chan struct{})}
	s.mu.Lock()
	s.live[c] = true
	s.dials++
	n := s.dials
	var plan handshake
	if len(s.plans) > 0 {
		plan, s.plans = s.plans[0], s.plans[1:]
	}
	s.mu.Unlock()
	defer func() {
		c.cut()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.live, c)
		if s.current == c {
			s.current = nil
		}
	}()
	req, err := http.ReadRequest(c.r)
	if err != nil || !c.sleep(plan.wait) {
		return
	}
	if plan.status != 0 {
		c.write(fmt.Appendf(nil, "HTTP/1.1 %d No\r\n%sContent-Length: %d\r\n\r\n%s", plan.status, plan.header, len(plan.body), plan.body))
		return
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c.write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" + plan.header + "\r\n"))
	if plan.open == "" {
		plan.open = `0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`
	}
	c.send(plan.open)
	s.wg.Go(c.heartbeat)
	for {
		op, payload, err := c.read()
		if err != nil || op == opClose&0xf {
			return
		}
		s.heard(c, n, &plan, string(payload))
	}
}

func (c *hostileConn) sleep(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-c.gone:
		return false
	}
}

func (c *hostileConn) heartbeat() {
	for c.sleep(20 * time.Second) {
		c.send("2")
	}
}

// heard answers a packet of the client's.
func (s *hostileService) heard(c *hostileConn, n int, plan *handshake, packet string) {
	switch channel, subscribes := strings.CutPrefix(packet, `42["realtimex:subscribe",{"channel":"`); {
	case strings.HasPrefix(packet, "40"):
		c.send(plan.before...)
		id := fmt.Sprint("socket-", n)
		if plan.connect == "" {
			plan.connect = `40{"sid":"` + id + `"}`
		}
		c.send(plan.connect, `42["realtimex:connection_established",{"socket_id":"`+id+`"}]`)
		c.send(plan.after...)
		s.mu.Lock()
		s.current = c
		s.mu.Unlock()
	case packet == `42["realtimex:ping",{}]`:
		s.mu.Lock()
		mute := s.mute
		s.mu.Unlock()
		if !mute {
			c.send(`42["realtimex:pong",{}]`)
		}
	case subscribes:
		channel, _, _ = strings.Cut(channel, `"`)
		s.mu.Lock()
		a := answer{packets: []string{`42["realtimex_internal:subscription_succeeded",{"channel":"CHANNEL"}]`}}
		if channel != goodChannel && len(s.answers) > 0 {
			a, s.answers = s.answers[0], s.answers[1:]
		}
		if always, ok := s.always[channel]; ok {
			a = always
		}
		if s.twice {
			a.packets = append(a.packets, a.packets...)
		}
		s.mu.Unlock()
		if a.after != nil {
			defer s.wg.Go(func() {
				if c.sleep(a.wait + a.pause) {
					c.send(a.after...)
				}
			})
		}
		reply := func() {
			for _, p := range a.packets {
				c.send(strings.ReplaceAll(p, "CHANNEL", channel))
			}
		}
		if a.wait == 0 {
			reply()
			return
		}
		s.wg.Go(func() {
			if c.sleep(a.wait) {
				reply()
			}
		})
	}
}

// connection is the one that is up, nil if none is.
func (s *hostileService) connection() *hostileConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// usable is that, and nil if a frame was begun on it: then it is cut, for it can't be told what
// would become of the next.
func (s *hostileService) usable() *hostileConn {
	c := s.connection()
	if c != nil && c.spoilt {
		c.cut()
		return nil
	}
	return c
}

// publish accepts an event of the good channel, and sends it if there is a connection. A payload
// that is no Value makes it a malformed one.
func (s *hostileService) publish(payload string) {
	_ = s.usable()
	time.Sleep(time.Millisecond) // no two are accepted at one time, and none at that of an answer
	c := s.usable()
	_ = s.book.Publish(ledger.Event{Channel: goodChannel, Name: "n", Malformed: payload != ""}, func(e ledger.Event) error {
		if payload == "" {
			payload = string(e.Payload())
		}
		if c != nil {
			c.send(`42["server-event",{"channel":"` + goodChannel + `","event":"n","data":` + payload + `}]`)
		}
		return nil
	})
	time.Sleep(time.Millisecond)
}

// calm makes it a good service again.
func (s *hostileService) calm() {
	s.usable()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans, s.answers, s.mute, s.twice = nil, nil, false, false
}
