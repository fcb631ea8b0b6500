package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// A process is a replica: this program once more, behind a link of its own.
type process struct {
	cmd  *exec.Cmd
	link *link
	once sync.Once
}

func start(name, service, natsURL string) (*process, error) {
	u, err := url.Parse(service)
	if err != nil {
		return nil, err
	}
	l, err := newLink(u.Host)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(os.Args[0]), link: l}
	p.cmd.Env = append(os.Environ(), "REPLICA="+name, "RTX_URL=http://"+l.listener.Addr().String(), "NATS_URL="+natsURL)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		l.close()
		return nil, err
	}
	return p, nil
}

// kill ends the process as the end of its machine does.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	p.link.close()
}

// stop lets the process drain.
func (p *process) stop() {
	p.once.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		_ = p.cmd.Wait()
	})
	p.link.close()
}

// A link carries the connections of one replica to the service.
type link struct {
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	until time.Time // no connection gets through before
}

func newLink(target string) (*link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &link{listener: listener, target: target, conns: make(map[net.Conn]bool)}
	l.wait.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			l.wait.Go(func() { l.carry(c) })
		}
	})
	return l, nil
}

func (l *link) carry(down net.Conn) {
	defer down.Close()
	up, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer up.Close()
	l.mu.Lock()
	if time.Now().Before(l.until) {
		l.mu.Unlock()
		return
	}
	l.conns[down], l.conns[up] = true, true
	l.mu.Unlock()
	l.wait.Go(func() {
		_, _ = io.Copy(up, down)
		_ = up.Close()
	})
	_, _ = io.Copy(down, up)
	_ = down.Close()
	l.mu.Lock()
	delete(l.conns, down)
	delete(l.conns, up)
	l.mu.Unlock()
}

// cut breaks the connections, and lets none through for that time.
func (l *link) cut(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d)
	for c := range l.conns {
		_ = c.Close()
	}
}

func (l *link) close() {
	_ = l.listener.Close()
	l.cut(time.Hour)
	l.wait.Wait()
}

// embedded starts NATS in this process.
func embedded() (url string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "realtimex-cluster-")
	if err != nil {
		return "", nil, err
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	go s.Start()
	stop = func() {
		s.Shutdown()
		s.WaitForShutdown()
		_ = os.RemoveAll(dir)
	}
	if !s.ReadyForConnections(time.Minute) {
		stop()
		return "", nil, errors.New("NATS does not start")
	}
	return s.ClientURL(), stop, nil
}

// subscribed waits until that many replicas say in their leases that they are ready.
func subscribed(ctx context.Context, js jetstream.JetStream, n int) error {
	for {
		ready := 0
		if kv, err := js.KeyValue(ctx, "rtx-"+app+"-leases"); err == nil {
			for i := range n {
				if e, err := kv.Get(ctx, fmt.Sprint("replica-", i+1)); err == nil && strings.HasPrefix(string(e.Value()), `{"ready":true`) {
					ready++
				}
			}
		}
		if ready == n {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
