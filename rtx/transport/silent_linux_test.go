package transport_test

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// silent makes an address of loopback drop connections: a listener that accepts none, with its
// queue full. Linux then does not answer a SYN.
func silent(t *testing.T, addr string) {
	t.Helper()
	at := netip.MustParseAddrPort(addr)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		conn, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			return // the queue is full
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("a listener with a full queue still answers")
}
