//go:build linux

package main

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The picture in the README is made by
//
//	go test ./cmd/rtx -run TestTerminalPicture -picture ../../docs/terminal.svg
var picture = flag.String("picture", "", "write the picture of a terminal to this `file`")

// pictured are the rows of the picture, in order, whatever the times and numbers are. Those of the
// histogram are as many as there are.
var pictured = []string{
	`^\$ rtx serve -q &$`,
	`^\$ rtx listen orders private-desk$`,
	`^rtx: connected to ws://127\.0\.0\.1:6001, socket id \S{20}$`,
	`^rtx: listening on orders, private-desk$`,
	`^\d\d:\d\d:\d\d\.\d{3}  orders        created         \{"id":1,"item":"tea"\}$`,
	`^\d\d:\d\d:\d\d\.\d{3}  private-desk  client-seen     \{"id":1\}$`,
	`^rtx: attempt 2 to connect again in \d+m?s: the connection to ws://127\.0\.0\.1:6001 broke`,
	back, back, back,
	`^\d\d:\d\d:\d\d\.\d{3}  orders        created         \{"id":2,"item":"cake"\}$`,
	`^connected  \d+/s  3 events  0 dropped  1 reconnects$`,
	`^\$ rtx bench --rate 500 --for 2s$`,
	`^service     ws://127\.0\.0\.1:6001$`,
	`^load        10 connections, 1 channel, for 2s$`,
	`^published   1000 of 128 B, \d+/s of 500/s$`,
	`^received    9000 of 9000, \d+/s$`,
	`^ +p50 +p90 +p99 +p99\.9 +max$`,
	`^connect  ( *[\d.]+ ms){5}$`,
	`^latency  ( *[\d.]+ ms){5}$`,
	`^late     ( *[\d.]+ ms){5}$`,
	`^latency up to$`,
	`^ +[\d.]+ ms  `,
}

// back is a row about a connection that is there again.
const back = `^rtx: (connected again to ws://127\.0\.0\.1:6001, socket id \S{20}$|channel "(orders|private-desk)": the connection was down from \S+ to \S+: events of that time)`

// The picture can be made from a real run, and the one in docs shows the same rows as such a run.
func TestTerminalPicture(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	run := new(transcript)
	run.prompt("rtx serve -q &")

	l := onTerminal(t, s.signing(), "listen", "orders", "private-desk")
	l.expect("listening on")
	l.expect("connected  0/s")
	s.publish("orders", "created", `{"id":1,"item":"tea"}`)
	l.expect(`"tea"`)
	once(t, s.signing(), 0, "trigger", "private-desk", "client-seen", `{"id":1}`)
	l.expect("client-seen")
	s.disconnect()
	for range 3 {
		l.expect("connected again|was down") // in any order: states and gaps have goroutines of their own
	}
	s.publish("orders", "created", `{"id":2,"item":"cake"}`)
	l.expect(`"cake"`)
	l.expect("3 events  0 dropped  1 reconnects")
	run.prompt("rtx listen orders private-desk")
	l.mu.Lock()
	run.terminal(l.all)
	l.mu.Unlock()

	b := onTerminal(t, s.signing(), "bench", "--rate", "500", "--for", "2s")
	b.want(0)
	run.prompt("rtx bench --rate 500 --for 2s")
	run.terminal(b.all)
	run.replace(strings.TrimPrefix(s.ws, "ws://"), "127.0.0.1:6001")

	svg := run.svg()
	checkPicture(t, "made now", svg)
	if strings.Contains(svg, secret) || strings.Contains(svg, "our-key") {
		t.Error("a secret is in the picture")
	}
	if *picture != "" {
		if err := os.WriteFile(*picture, []byte(svg), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("../../docs/terminal.svg")
	if err != nil {
		t.Fatal(err)
	}
	checkPicture(t, "in docs", string(kept))
}

// checkPicture checks that a picture is whole, small, needs nothing from elsewhere, and has the rows.
func checkPicture(t *testing.T, which, svg string) {
	t.Helper()
	if len(svg) > 32<<10 {
		t.Errorf("%s: %d bytes", which, len(svg))
	}
	if rest := strings.Replace(svg, `xmlns="http://www.w3.org/2000/svg"`, "", 1); strings.Contains(rest, "http") || strings.Contains(rest, "url(") || strings.Contains(rest, "<script") {
		t.Errorf("%s: it needs something from elsewhere", which)
	}
	var rows []string
	depth := 0
	for in := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := in.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", which, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "text" {
				depth, rows = 1, append(rows, "")
			}
		case xml.EndElement:
			if token.Name.Local == "text" {
				depth = 0
			}
		case xml.CharData:
			if depth > 0 {
				rows[len(rows)-1] += string(token)
			}
		}
	}
	for i, want := range pictured {
		if i >= len(rows) || !regexp.MustCompile(want).MatchString(rows[i]) {
			t.Errorf("%s: row %d does not match %s:\n%s", which, i, want, strings.Join(rows, "\n"))
			return
		}
	}
	if len(rows) > len(pictured)+20 {
		t.Errorf("%s: %d rows", which, len(rows))
	}
}
