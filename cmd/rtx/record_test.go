package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// disconnect breaks every connection of a server.
func (s served) disconnect() {
	s.t.Helper()
	status, _, body := s.ask(ask{method: "POST", path: "/dev/disconnect" + s.token(), body: `{}`,
		header: map[string]string{"Content-Type": "application/json"}})
	if status != 200 {
		s.t.Fatalf("HTTP %d: %s", status, body)
	}
}

// What was recorded is shown again, through the break of a connection, without a secret; and served
// to a client of its own.
func TestRecordReplayAndServe(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "session.jsonl")
	r := start(t, s.signing(), "record", path, "private-orders", "orders", "--json", "--count", "3")
	r.told("recording private-orders, orders")
	s.publish("private-orders", "created", `{"id":1}`)
	s.publish("orders", "created", `{"id":2}`)
	s.disconnect()
	r.toldAll("connected again", `channel "private-orders": the connection was down`, `channel "orders": the connection was down`)
	s.publish("private-orders", "created", `{"id":3}`)
	line := timeless(t, r.next())
	r.want(0)
	if !strings.HasPrefix(line, `{"file":"`+path+`","entries":`) || !strings.HasSuffix(line, `"events":3}`) {
		t.Errorf("%s", line)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{secret, "our-key"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("%q is in the recording", hidden)
		}
	}

	want := []string{
		`{"channel":"private-orders","event":"created","data":{"id":1}}`,
		`{"channel":"orders","event":"created","data":{"id":2}}`,
		`{"channel":"private-orders","event":"created","data":{"id":3}}`,
	}
	shown := func(p *process) {
		t.Helper()
		var got []string
		for range want {
			got = append(got, timeless(t, p.next()))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	p := start(t, nil, "replay", path, "--speed", "0", "--json")
	shown(p)
	_, said := p.want(0)
	if text := strings.Join(said, "\n"); strings.Count(text, "the connection was down from") != 2 {
		t.Errorf("%s", text)
	}

	again := startServe(t, "127.0.0.1:0", "--replay", path, "--replay-speed", "0")
	l := start(t, append(again.env, "RTX_AUTH_ENDPOINT="+again.auth), "listen", "private-orders", "orders", "--json", "--count", "3")
	shown(l)
	l.want(0)

	// Who waits for a client that asks for something else is told so.
	other := startServe(t, "127.0.0.1:0", "--replay", path, "--replay-speed", "0")
	start(t, other.env, "listen", "stock").told("connected to")
	other.told("waiting for a subscription  connection=1  channel=")
}

// A recording that is replayed to the official client, which knows nothing of recordings.
func TestServeReplaysToTheOfficialSDK(t *testing.T) {
	nodetest.Skip(t)
	s := startServe(t, "127.0.0.1:0", "--replay", "testdata/outage.jsonl", "--replay-speed", "0")
	sdk := s.sdk("")
	sdk.Send("subscribe", fields{"channel": "orders"})
	sdk.Expect("succeeded")
	var e sdkEvent
	sdk.ExpectInto("event", &e)
	if data, _ := e.Data.(fields); e.Channel != "orders" || data["id"] != 1.0 {
		t.Fatalf("%+v", e)
	}
}

// At its limit recording stops and says so, and the file is a recording up to there.
func TestRecordStopsAtItsSize(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "session.jsonl")
	r := start(t, s.env, "record", path, "orders", "--max-size", "1")
	r.told("recording orders")
	for range 12 {
		s.publish("orders", "created", `"`+strings.Repeat("x", 100_000)+`"`)
	}
	_, said := r.want(1)
	if last := said[len(said)-1]; !strings.HasPrefix(last, "rtx: the recording in "+path+" is not whole: stopped at the limit of 1048576 bytes: raise --max-size") {
		t.Errorf("%q", last)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 {
		t.Errorf("%v %v", info.Size(), err)
	}
	_, said = once(t, s.env, 2, "record", path, "orders")
	wantLine(t, said[0], "rtx: "+path+" exists: choose another name, or give --force; see rtx record --help")
	_, said = once(t, nil, 0, "replay", path, "--speed", "0")
	if last := said[len(said)-1]; last != "rtx: the recording stopped here, at its limit of size: what followed is not known" {
		t.Errorf("%q", last)
	}
}

// What is no recording is told as what it is.
func TestReplayOfWhatIsNoRecording(t *testing.T) {
	dir := t.TempDir()
	const head = `{"format":"realtimex-recording","version":1,"started":"2026-01-02T03:04:05Z"}` + "\n"
	for want, test := range map[string]struct {
		text string
		code int
	}{
		"has version 2 of the format, and this rtx reads version 1: update rtx": {strings.Replace(head, `"version":1`, `"version":2`, 1), 1},
		"is no recording, or a damaged one: line 1 is no header":                {"{}\n", 1},
		"is no recording, or a damaged one: line 2 is no entry":                 {head + "x\n", 1},
		"has no connection: nothing was recorded":                               {head, 1},
		"has no subscription": {head + `{"at":1,"kind":"dial","conn":1}` + "\n", 1},
		"can't read":          {"", 2},
	} {
		path := filepath.Join(dir, "file")
		if test.text == "" {
			path = filepath.Join(dir, "none")
		} else if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"replay", path}, {"serve", "--addr", "127.0.0.1:0", "--for", "1ms", "--replay", path}} {
			if args[0] == "serve" && want == "has no subscription" {
				continue // there is a connection to serve
			}
			if _, said := once(t, nil, test.code, args...); !strings.Contains(said[0], want) {
				t.Errorf("%q: %q, want %q", args, said, want)
			}
		}
	}
	for _, args := range [][]string{{"replay", "x", "--speed", "-1"}, {"serve", "--replay", "x", "--replay-speed", "NaN"}} {
		if _, said := once(t, nil, 2, args...); !strings.Contains(said[0], "must be 0 or more") {
			t.Errorf("%q: %q", args, said)
		}
	}
}
