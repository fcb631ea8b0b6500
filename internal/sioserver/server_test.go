package sioserver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rig is a server with one namespace, whose handler passes sockets and events on.
type rig struct {
	t        *testing.T
	server   *Server
	root     *Namespace
	url      string
	joined   chan *Socket
	events   chan Event
	left     chan Reason
	admit    func(*Socket) error
	client   *http.Client
	transfer *http.Transport
}

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	r := &rig{
		t:      t,
		joined: make(chan *Socket, 16),
		events: make(chan Event, 16),
		left:   make(chan Reason, 16),
		admit:  func(*Socket) error { return nil },
	}
	r.server = New(cfg)
	r.root = r.server.Of("/", Handler{
		Admit:      func(s *Socket) error { return r.admit(s) },
		Connect:    func(s *Socket) { r.joined <- s },
		Event:      func(_ *Socket, e Event) { r.events <- e },
		Disconnect: func(_ *Socket, reason Reason) { r.left <- reason },
	})
	srv := httptest.NewServer(r.server)
	r.url, r.transfer = srv.URL, &http.Transport{}
	r.client = &http.Client{Transport: r.transfer}
	t.Cleanup(func() {
		r.server.Close()
		srv.Close()
		r.transfer.CloseIdleConnections()
	})
	return r
}

type wire struct {
	t  *testing.T
	ws *websocket.Conn
}

func (r *rig) dial() *wire {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, r.url+"/?EIO=4&transport=websocket", &websocket.DialOptions{HTTPClient: r.client})
	if err != nil {
		r.t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	r.t.Cleanup(func() { ws.CloseNow() })
	w := &wire{r.t, ws}
	w.expectPrefix("0{")
	return w
}

func (w *wire) send(frame string) {
	w.t.Helper()
	if err := w.ws.Write(w.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) expectPrefix(want string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	_, got, err := w.ws.Read(ctx)
	if err != nil || !strings.HasPrefix(string(got), want) {
		w.t.Fatalf("got %q %v, want %q…", got, err, want)
	}
	return string(got)
}

func TestRefusalHasItsData(t *testing.T) {
	r := newRig(t, Config{})
	for err, want := range map[error]string{
		&Refusal{Message: "no"}: `44{"message":"no"}`,
		&Refusal{Message: "no", Data: json.RawMessage(`{"code":1}`)}:     `44{"message":"no","data":{"code":1}}`,
		fmt.Errorf("wrapped: %w", &Refusal{Message: "x"}):                `44{"message":"x"}`,
		errors.New("a detail that is none of the client's business"):     `44{"message":"refused"}`,
		&Refusal{Message: "bad data", Data: json.RawMessage(`{"code":`)}: `44{"message":"refused"}`,
	} {
		r.admit = func(*Socket) error { return err }
		w := r.dial()
		w.send("40")
		if got := w.expectPrefix("44"); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
		w.send("40") // a refused client may try again on the same session
		w.expectPrefix("44")
		w.ws.Close(websocket.StatusNormalClosure, "")
	}
}

func TestHeldConnect(t *testing.T) {
	r := newRig(t, Config{})
	held := make(chan *Socket, 2)
	r.admit = func(s *Socket) error {
		held <- s
		return ErrHold
	}
	admitted, refused := r.dial(), r.dial()
	admitted.send(`40{"who":"a"}`)
	s := <-held
	if string(s.Payload) != `{"who":"a"}` {
		t.Errorf("payload %s", s.Payload)
	}
	admitted.send(`42["early"]`) // not joined yet: dropped
	admitted.send("40/none,")
	admitted.expectPrefix("44/none,") // so it has been read
	refused.send("40")
	(<-held).Refuse(&Refusal{Message: "late no"})
	refused.expectPrefix(`44{"message":"late no"}`)
	s.Admit()
	s.Admit()
	s.Refuse(errors.New("too late"))
	admitted.expectPrefix(`40{"sid":"` + s.ID)
	if <-r.joined != s {
		t.Error("another socket joined")
	}
	admitted.send(`42["after",1]`)
	if e := <-r.events; string(e.Name) != `"after"` || string(e.Args) != "1" {
		t.Errorf("event %s %s", e.Name, e.Args)
	}
}

func TestAdmittedAfterItsEnd(t *testing.T) {
	r := newRig(t, Config{})
	held := make(chan *Socket, 1)
	r.admit = func(s *Socket) error {
		held <- s
		return ErrHold
	}
	w := r.dial()
	w.send("40")
	s := <-held
	w.ws.CloseNow()
	<-s.Session().Done()
	s.Admit()
	if n := len(r.root.Sockets()); n != 0 || !s.Gone() {
		t.Errorf("%d sockets, gone %v", n, s.Gone())
	}
}

func TestRoomsAndReasons(t *testing.T) {
	r := newRig(t, Config{})
	var wires [3]*wire
	var sockets [3]*Socket
	for i := range wires {
		wires[i] = r.dial()
		wires[i].send("40")
		wires[i].expectPrefix("40{")
		sockets[i] = <-r.joined
		sockets[i].Join("room")
	}
	sockets[2].Leave("room")
	if _, n, _ := r.root.Broadcast("room", "hi", [][]byte{[]byte(`1`)}, nil, sockets[0].ID); n != 1 {
		t.Errorf("broadcast to %d", n)
	}
	wires[1].expectPrefix(`42["hi",1]`)
	for i, end := range []struct {
		do   func()
		want Reason
	}{
		{func() { wires[0].send("41") }, ClientLeft},
		{func() { sockets[1].Disconnect() }, ServerLeft},
		{func() { sockets[2].Session().Close() }, ForcedClose},
	} {
		end.do()
		if got := <-r.left; got != end.want {
			t.Errorf("%d left by %q, want %q", i, got, end.want)
		}
	}
	if _, n, _ := r.root.Broadcast("room", "hi", nil, nil); n != 0 {
		t.Errorf("broadcast to %d who have left", n)
	}
	w := r.dial()
	w.send("40")
	<-r.joined
	w.ws.CloseNow()
	if got := <-r.left; got != TransportClose {
		t.Errorf("left by %q", got)
	}
}

func TestRecoveryKeepsABoundedLog(t *testing.T) {
	n := &Namespace{name: "/", recovery: time.Minute, adapter: newAdapter(&ids{source: rand.Reader})}
	big := make([]byte, 1<<20)
	for i := range big {
		big[i] = '1'
	}
	for range 70 {
		n.Broadcast("room", "e", [][]byte{big}, nil)
	}
	if a := n.adapter; a.size > logBytes || len(a.log) == 0 || len(a.log) >= 70 {
		t.Errorf("%d events of %d bytes", len(a.log), a.size)
	}
	offset := func(number uint64) string { return n.adapter.epoch + fmt.Sprint(number) }
	n.adapter.kept["p"] = kept{id: "s", rooms: []string{"s", "room"}, at: time.Now()}
	if _, _, ok := n.adapter.restore("p", offset(0), time.Minute); ok {
		t.Error("recovered from an event that is no longer kept")
	}
	n.Forget()
	n.Broadcast("room", "e", nil, nil)
	n.Broadcast("other", "e", nil, nil)
	n.Broadcast("room", "e", nil, nil, "s")
	n.Broadcast("room", "e", nil, nil)
	n.adapter.kept["p"] = kept{id: "s", rooms: []string{"s", "room"}, at: time.Now()}
	if _, missed, ok := n.adapter.restore("p", offset(0), time.Minute); !ok || len(missed) != 1 {
		t.Errorf("missed %d, recovered %v", len(missed), ok)
	}
	for _, bad := range []string{"", offset(4), n.adapter.epoch, n.adapter.epoch + "-1", "another-life." + "0"} {
		if _, _, ok := n.adapter.restore("p", bad, time.Minute); ok {
			t.Errorf("recovered from %q", bad)
		}
	}
	n.adapter.kept["old"] = kept{id: "s", at: time.Now().Add(-2 * time.Minute)}
	if _, _, ok := n.adapter.restore("old", offset(0), time.Minute); ok {
		t.Error("recovered past the window")
	}
}
