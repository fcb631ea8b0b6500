// Command echoserver serves what the published conformance suites of Engine.IO and Socket.IO test:
// at /engine.io/ an Engine.IO server that echoes every message, and at /socket.io/ a Socket.IO
// server with the namespaces "/" and "/custom".
//
//	go run ./internal/echoserver -addr 127.0.0.1:3210
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:3210", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "echoserver:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	e := newEcho()
	srv := &http.Server{
		Handler:           e.handler(l.Addr()),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	unhook := context.AfterFunc(ctx, func() {
		e.close()
		srv.Close()
	})
	defer unhook()
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// echo is the two servers.
type echo struct {
	engine  *sioserver.Engine
	sockets *sioserver.Server
}

func newEcho() *echo {
	// What the suites expect; they have these values built in.
	cfg := sioserver.EngineConfig{
		PingInterval: 300 * time.Millisecond,
		PingTimeout:  200 * time.Millisecond,
		MaxPayload:   1_000_000,
	}
	sockets := sioserver.New(sioserver.Config{Engine: cfg, ConnectTimeout: time.Second})
	for _, name := range []string{"/", "/custom"} {
		sockets.Of(name, sioserver.Handler{Connect: greet, Event: answer})
	}
	cfg.Message = func(s *sioserver.Session, data []byte, binary bool) error {
		if binary {
			s.SendBinary(data)
		} else {
			s.Send(append([]byte{'4'}, data...))
		}
		return nil
	}
	return &echo{engine: sioserver.NewEngine(cfg), sockets: sockets}
}

// handler serves both behind the gate of an address.
func (e *echo) handler(addr net.Addr) http.Handler {
	gate := new(sioserver.Gate)
	gate.Listens(addr.String())
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", e.engine)
	mux.Handle("/socket.io/", e.sockets)
	return sioserver.BoundBodies(gate.Wrap(mux, func(w http.ResponseWriter, why string) { sioserver.Forbidden(why).Write(w) }))
}

func (e *echo) close() {
	e.engine.Close()
	e.sockets.Close()
}

// greet emits the payload of the CONNECT.
func greet(s *sioserver.Socket) {
	auth := []byte("{}")
	if len(s.Payload) > 0 {
		auth = compact(s.Payload)
	}
	s.Emit("auth", auth)
}

// answer sends "message" back and acknowledges "message-with-ack", each with the same arguments.
func answer(s *sioserver.Socket, e sioserver.Event) {
	var args []byte
	if len(e.Args) > 0 {
		list := compact(append(append([]byte{'['}, e.Args...), ']'))
		args = list[1 : len(list)-1]
	}
	switch string(e.Name) {
	case `"message"`:
		if args == nil {
			s.Emit("message-back")
			return
		}
		s.EmitBinary("message-back", [][]byte{args}, e.Buffers)
	case `"message-with-ack"`:
		if e.HasID {
			s.Ack(e.ID, args, e.Buffers)
		}
	}
}

// compact takes the space out of JSON that the server has checked.
func compact(b []byte) []byte {
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		return b
	}
	return out.Bytes()
}
