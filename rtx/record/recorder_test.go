package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Everything that a client saw is in the recording, with its time.
func TestRecordsWhatWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, file := begin(t)
		s := &script{info: info, end: transport.End{PeerKnows: true, KeepsSession: true, Err: &transport.CloseError{Code: 1012, Reason: "restart"}}}
		session, err := r.Dialer(s).Dial(t.Context(), transport.Resume{PID: info.PID, Offset: "offset-1"})
		if err != nil {
			t.Fatal(err)
		}
		s.packets = []transport.Packet{
			event("[\"server-event\",\n {\"n\":1.50}]"),
			{Type: transport.PacketBinaryEvent, ID: 0, HasID: true, Data: []byte(`["b",{"_placeholder":true,"num":0}]`), Buffers: [][]byte{{0, 255}}},
		}
		time.Sleep(time.Second)
		session.Send(t.Context(), []byte(`2["client-event",{}]`), []byte(`37[]`))
		time.Sleep(time.Second)
		session.Recv()
		session.Recv()
		session.Recv()
		session.Close(nil)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		id, ack := uint64(0), uint64(7)
		want := []Entry{
			{Kind: KindDial, PID: "pid-1", Offset: "offset-1"},
			{Kind: KindConnected, SocketID: "socket-1", PID: "pid-1", Recovered: true, PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second, MaxPayload: 1000, Transport: "websocket"},
			{At: time.Second, Kind: KindSent, Type: 2, Data: []byte(`["client-event",{}]`)},
			{At: time.Second, Kind: KindSent, Type: 3, ID: &ack, Data: []byte(`[]`)},
			{At: 2 * time.Second, Kind: KindReceived, Type: 2, Data: []byte(`["server-event",{"n":1.50}]`)},
			{At: 2 * time.Second, Kind: KindReceived, Type: 5, ID: &id, Data: []byte(`["b",{"_placeholder":true,"num":0}]`), Buffers: [][]byte{{0, 255}}},
			{At: 2 * time.Second, Kind: KindEnded, How: HowClose, Code: 1012, Message: "restart", PeerKnows: true, KeepsSession: true},
		}
		got := entries(t, file.Bytes())
		for i := range want {
			want[i].Conn = 1
			if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("entry %d:\ngot  %+v\nwant %+v", i, got[min(i, len(got)-1)], want[i])
			}
		}
		if len(got) != len(want) || len(s.sent) != 2 {
			t.Errorf("%d entries, %d packets sent", len(got), len(s.sent))
		}
	})
}

// What a secret stands in, it does not stand in the file, in whatever form it was quoted.
func TestSecretsAreReplaced(t *testing.T) {
	r, file := begin(t, WithSecrets("token of \"ours\"", "un"))
	s := &script{info: info, end: transport.End{Err: &transport.CloseError{Code: 1000, Reason: "bye socket-id-8153"}}}
	session, err := r.Dialer(s).Dial(t.Context(), transport.Resume{})
	if err != nil {
		t.Fatal(err)
	}
	session.Hide("key-3f9a27c1", "key-3f9a27c1:5ca1ab1e00112233")
	send := []string{
		`2["realtimex:subscribe",{"channel":"private-a","auth":"key-3f9a27c1:5ca1ab1e00112233","channel_data":"{\"token\":\"token of \\\"ours\\\"\"}"}]`,
		`2["realtimex:subscribe",{"channel":"private-b","auth":"second-key-77:0ddba11deadbeef0"}]`, // not hidden before
		`no packet with key-3f9a27c1`,
	}
	for _, p := range send {
		session.Send(t.Context(), []byte(p))
	}
	s.packets = []transport.Packet{
		event(`["realtimex:connection_established",{"socket_id":"another-socket-id"}]`),
		event(`["server-event",{"channel":"a","data":"another-socket-id, recovery-id-2207, 5ca1ab1e00112233 and un, but unhurt"}]`),
		event(`["error",{"message":"0ddba11deadbeef0 is wrong for second-key-77 and socket-id-8153"}]`),
		{Type: transport.PacketBinaryEvent, Data: []byte(`["b",{"_placeholder":true,"num":0}]`), Buffers: [][]byte{[]byte("xx key-3f9a27c1 xx")}},
		event(`["not JSON key-3f9a27c1`),
	}
	for range 6 {
		session.Recv()
	}
	session.Close(nil)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	for _, secret := range []string{"key-3f9a27c1", "5ca1ab1e", "0ddba11d", "8153", "2207", "another-socket", "second-key", `ours`} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the recording:\n%s", secret, text)
		}
	}
	all := entries(t, file.Bytes())
	for _, want := range []string{
		`["realtimex:subscribe",{"channel":"private-a","auth":"secret-4","channel_data":"{\"token\":\"secret-1\"}"}]`,
		`["server-event",{"channel":"a","data":"socket-2, pid-1, secret-5 and secret-2, but unhurt"}]`,
	} {
		found := false
		for _, e := range all {
			found = found || string(e.Data) == want
		}
		if !found {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, e := range all {
		if e.Buffers != nil && string(e.Buffers[0]) != "xx secret-3 xx" {
			t.Errorf("attachment %q", e.Buffers[0])
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, r); printed != "record.Recorder" {
			t.Errorf("%s: %s", verb, printed)
		}
	}
	if strings.Join(s.hidden, " ") != "key-3f9a27c1 key-3f9a27c1:5ca1ab1e00112233" || string(s.sent[0]) != send[0] {
		t.Error("the session itself did not get what it was given")
	}
}

func TestEndsAndFailuresAreTold(t *testing.T) {
	lost := func(err error) error { return &transport.LostError{Err: &net.OpError{Op: "read", Err: err}} }
	for want, err := range map[How]error{
		HowClose:       &transport.CloseError{Code: 1006},
		HowFIN:         lost(io.EOF),
		HowReset:       lost(os.NewSyscallError("read", syscall.ECONNRESET)),
		HowSilence:     &transport.DeadLinkError{Silence: 45 * time.Second},
		HowStalled:     &transport.WriteError{Err: transport.ErrWriteTimeout},
		HowDisconnect:  transport.ErrServerDisconnect,
		HowEngineClose: transport.ErrServerClose,
		HowProtocol:    &transport.ProtocolError{Fault: "x"},
		HowLost:        lost(errors.New("no route")),
		HowProgram:     transport.ErrClosed,
		HowReconnect:   transport.ErrReconnect,
		HowClient:      errors.New("deaf"),
	} {
		r, file := begin(t)
		play(t, r, &script{info: info, end: transport.End{Err: err}})
		r.Close()
		all := entries(t, file.Bytes())
		if got := all[len(all)-1]; len(all) != 3 || got.Kind != KindEnded || got.How != want {
			t.Errorf("%v: %+v, want %s", err, all, want)
		} else if want == HowSilence && got.Silence != 45*time.Second {
			t.Errorf("silence %v", got.Silence)
		}
	}
	handshake := func(step string, status int, err error) error {
		return &transport.HandshakeError{Transport: transport.Polling, Step: step, Status: status, Code: -1, RetryAfter: time.Minute, Err: err}
	}
	for _, test := range []struct {
		err  error
		want Entry
	}{
		{&transport.ConnectError{Message: "no", Code: 4001}, Entry{Kind: KindRefused, Code: 4001, Message: "no"}},
		{handshake("dial", 0, syscall.ECONNREFUSED), Entry{Kind: KindFailed, Step: "dial", How: HowUnreachable, Code: -1, Transport: "polling", RetryAfter: time.Minute}},
		{handshake("upgrade", 503, nil), Entry{Kind: KindFailed, Step: "upgrade", Status: 503, Code: -1, Transport: "polling", RetryAfter: time.Minute}},
		{handshake("open", 0, context.DeadlineExceeded), Entry{Kind: KindFailed, Step: "open", How: HowTimeout, Code: -1, Transport: "polling", RetryAfter: time.Minute}},
		{handshake("connect", 0, &transport.CloseError{Code: 1013}), Entry{Kind: KindFailed, Step: "connect", How: HowClose, Code: 1013, Transport: "polling", RetryAfter: time.Minute}},
		{handshake("open", 0, lost(io.ErrUnexpectedEOF)), Entry{Kind: KindFailed, Step: "open", How: HowFIN, Code: -1, Transport: "polling", RetryAfter: time.Minute}},
	} {
		r, file := begin(t)
		play(t, r, &script{failed: test.err})
		r.Close()
		got := entries(t, file.Bytes())[1]
		got.At, test.want.Conn = 0, 1
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v:\ngot  %+v\nwant %+v", test.err, got, test.want)
		}
	}
}

// The bounds of a recording: it stops there and says so, and the client goes on.
func TestRecordingStopsAtItsLimits(t *testing.T) {
	for limit, opt := range map[string]Option{"size": WithMaxSize(5000), "entries": WithMaxEntries(20)} {
		r, file := begin(t, opt)
		s := &script{info: info, end: transport.End{Err: io.EOF}}
		for n := range 1000 {
			s.packets = append(s.packets, event(fmt.Sprintf(`["server-event",{"n":%d}]`, n)))
		}
		play(t, r, s)
		if len(s.packets) > 0 {
			t.Errorf("%s: the client was not served on", limit)
		}
		var over *LimitError
		if err := r.Close(); !errors.As(err, &over) || over.Limit != limit || over.Max < 20 {
			t.Errorf("%s: %v", limit, err)
		}
		all := entries(t, file.Bytes())
		if last := all[len(all)-1]; last.Kind != KindStopped || last.Limit != limit || file.Len() > 5000 {
			t.Errorf("%s: the last of %d entries is %+v, in %d bytes", limit, len(all), last, file.Len())
		}
		if limit == "entries" && len(all) != 21 {
			t.Errorf("%d entries", len(all))
		}
		if st := r.Stats(); st.Entries != len(all)-1 || st.Bytes != int64(file.Len()) || !errors.As(st.Err, &over) {
			t.Errorf("%+v", st)
		}
	}
}

// A line over the limit, and more secrets than can be hidden.
func TestRecordingStopsRatherThanShow(t *testing.T) {
	var over *LimitError
	r, file := begin(t)
	play(t, r, &script{info: info, packets: []transport.Packet{event(`["e","` + strings.Repeat("x", MaxLine) + `"]`)}, end: transport.End{Err: io.EOF}})
	if err := r.Close(); !errors.As(err, &over) || over.Limit != "line" || file.Len() > 4096 {
		t.Errorf("%v, %d bytes", err, file.Len())
	}
	texts := make([]string, maxSecrets+1)
	for i := range texts {
		texts[i] = fmt.Sprintf("secret text %d", i)
	}
	r, file = begin(t, WithSecrets(texts...))
	play(t, r, &script{info: info, packets: []transport.Packet{event(`["e","` + texts[maxSecrets] + `"]`)}, end: transport.End{Err: io.EOF}})
	if err := r.Close(); !errors.As(err, &over) || over.Limit != "secrets" || strings.Contains(file.String(), texts[maxSecrets]) {
		t.Errorf("%v: %s", err, file)
	}
}

// A writer that stands still, or fails, delays nobody.
func TestSlowWriterDelaysNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe() // nobody reads
		r, err := New(out)
		if err != nil {
			t.Fatal(err)
		}
		s := &script{info: info, end: transport.End{Err: io.EOF}}
		for range 20 {
			s.packets = append(s.packets, event(`["e","`+strings.Repeat("x", 1<<20)+`"]`))
		}
		play(t, r, s)
		var over *LimitError
		if err := r.Stats().Err; !errors.As(err, &over) || over.Limit != "writer" || len(s.packets) > 0 {
			t.Errorf("%v, %d packets left", err, len(s.packets))
		}
		in.CloseWithError(errors.New("disk full"))
		if err := r.Close(); !errors.As(err, &over) {
			t.Error(err)
		}
	})
	r, err := New(failing{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Error(err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]Option{
		"WithMaxSize": WithMaxSize(1), "WithMaxEntries": WithMaxEntries(0),
	} {
		var bad *OptionError
		if _, err := New(new(bytes.Buffer), nil, o); !errors.As(err, &bad) || bad.Option != name || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(nil); err == nil {
		t.Error("a nil writer")
	}
}
