package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// nameServer answers DNS queries on a UDP socket of loopback, with the addresses that answer gives,
// or a response code. It stands for a resolver that these tests can break on demand.
func nameServer(t *testing.T, answer func() (addrs []string, code uint16)) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(reply(buf[:n], answer), from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// reply makes a DNS answer (RFC 1035, section 4) of a query: the header, the question, and a record
// for each address that is of the type that was asked for.
func reply(query []byte, answer func() ([]string, uint16)) []byte {
	end := 12
	for end < len(query) && query[end] != 0 { // labels
		end += int(query[end]) + 1
	}
	end += 5 // the root, the type, the class
	kind := binary.BigEndian.Uint16(query[end-4:])
	addrs, code := answer()
	out := append([]byte(nil), query[:end]...)
	binary.BigEndian.PutUint16(out[2:], 0x8180|code) // a response, recursion asked for and had
	clear(out[6:12])                                 // no records yet
	records := uint16(0)
	for _, a := range addrs {
		ip := netip.MustParseAddr(a)
		if ip.Is4() != (kind == 1) {
			continue
		}
		records++
		out = append(out, 0xc0, 12) // the name of the question
		out = binary.BigEndian.AppendUint16(out, kind)
		out = append(out, 0, 1, 0, 0, 0, 1) // IN, for a second
		out = binary.BigEndian.AppendUint16(out, uint16(ip.BitLen()/8))
		out = append(out, ip.AsSlice()...)
	}
	binary.BigEndian.PutUint16(out[6:], records)
	return out
}

func resolving(r *net.Resolver, port string) transport.Config {
	return transport.Config{
		URL: &url.URL{Scheme: "ws", Host: "rtx.test:" + port}, APIKey: testKey,
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: r}).DialContext}},
	}
}

// A name that can't be looked up, or that nobody knows, is told as such. Each dial asks anew, so
// one after the name is back succeeds.
func TestNameFailsAndHeals(t *testing.T) {
	const serverFailure, noSuchName = 2, 3
	ts, _ := loopback(t, false, exchange)
	_, port, _ := net.SplitHostPort(ts.Listener.Addr().String())
	var code atomic.Uint32
	r := nameServer(t, func() ([]string, uint16) { return []string{"127.0.0.1"}, uint16(code.Load()) })
	d := mustDialer(t, resolving(r, port))
	for _, fails := range []uint32{noSuchName, serverFailure} {
		code.Store(fails)
		_, err := d.Dial(t.Context(), transport.Resume{})
		var dns *net.DNSError
		var failed *transport.HandshakeError
		if !errors.As(err, &dns) || dns.IsNotFound != (fails == noSuchName) || !errors.As(err, &failed) || failed.Step != "dial" || failed.Final() {
			t.Errorf("code %d: %v", fails, err)
		}
	}
	code.Store(0)
	converseOn(t, d)
}

// Of several addresses each is tried, whichever of them refuses or is silent, and a silent one does
// not use up the time of the others.
func TestSeveralAddresses(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	listening(t, ln, nil)
	silent(t, "127.0.0.3:"+port)
	for name, addrs := range map[string][]string{
		"the first refuses":          {"127.0.0.2", "127.0.0.1"},
		"the first is silent":        {"127.0.0.3", "127.0.0.1"},
		"two are dead":               {"127.0.0.2", "127.0.0.3", "127.0.0.1"},
		"no IPv6 service, only IPv4": {"::1", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := resolving(nameServer(t, func() ([]string, uint16) { return addrs, 0 }), port)
			c.HandshakeTimeout = 8 * time.Second // so that a silent one has 2 to 4 s of it
			converse(t, c)
		})
	}
	t.Run("all refuse", func(t *testing.T) {
		c := resolving(nameServer(t, func() ([]string, uint16) { return []string{"127.0.0.2", "127.0.0.4"}, 0 }), port)
		if _, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("err = %v", err)
		}
	})
}
