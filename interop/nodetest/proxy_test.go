package nodetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// peers gives both ends of a new link through a proxy, which the test may end as it likes.
func peers(t *testing.T, p *Proxy, target net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", p.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = target.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func target(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// exchange sends text from one to the other and checks what arrives.
func exchange(t *testing.T, from, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestProxyPassesAndCuts(t *testing.T) {
	ln := target(t)
	p := StartProxy(t, ln.Addr().String())
	client, server := peers(t, p, ln)
	exchange(t, client, server, "there")
	exchange(t, server, client, "and back")
	if n := p.Cut(); n != 1 {
		t.Fatalf("cut %d links", n)
	}
	for _, c := range []net.Conn{client, server} {
		if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Fatalf("want a reset, got %v", err)
		}
	}
	client, server = peers(t, p, ln)
	exchange(t, client, server, "again")
}

func TestProxyPassesAHalfClose(t *testing.T) {
	ln := target(t)
	p := StartProxy(t, ln.Addr().String())
	client, server := peers(t, p, ln)
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("got %v", err)
	}
	exchange(t, server, client, "still open this way")
}

// A frozen link tells neither end that the other is gone; only the next Cut does.
func TestProxyFreezes(t *testing.T) {
	ln := target(t)
	p := StartProxy(t, ln.Addr().String())
	client, server := peers(t, p, ln)
	exchange(t, client, server, "before")
	if n := p.Freeze(); n != 1 {
		t.Fatalf("froze %d links", n)
	}
	if _, err := io.WriteString(client, "into the void"); err != nil {
		t.Fatal(err)
	}
	client.Close()
	var wg sync.WaitGroup
	var got int
	var err error
	wg.Go(func() { got, err = server.Read(make([]byte, 100)) })
	fresh, freshServer := peers(t, p, ln)
	exchange(t, fresh, freshServer, "a new link works")
	p.Cut()
	wg.Wait()
	if got != 0 || err == nil || err == io.EOF {
		t.Fatalf("the frozen link passed %d bytes, then %v; want none, then a reset", got, err)
	}
}

func TestProxyChangesItsTarget(t *testing.T) {
	one, two := target(t), target(t)
	p := StartProxy(t, one.Addr().String())
	old, oldServer := peers(t, p, one)
	p.SetTarget(two.Addr().String())
	client, server := peers(t, p, two)
	exchange(t, client, server, "new")
	exchange(t, old, oldServer, "old")
}
