package nodetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"
)

// Script is a Node program of interop/clients that writes one JSON object per line for each thing
// that happens to it, and takes commands, one JSON object per line. One goroutine may use it at a
// time.
type Script struct {
	t     testing.TB
	name  string
	child *child
	Lines <-chan Line // closed when the script has ended
}

// Line is one line of a script: what happened, and the whole object.
type Line struct {
	Event string // its "event" field
	JSON  json.RawMessage
}

// Decode unmarshals the object's fields.
func (l Line) Decode(out any) error { return json.Unmarshal(l.JSON, out) }

func (l Line) String() string { return string(l.JSON) }

// RunScript starts clients/name with the arguments given. Each of env is "NAME=value", added to the
// environment. The script ends with the test.
func RunScript(t testing.TB, name string, env []string, args ...string) *Script {
	t.Helper()
	Skip(t)
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	c, err := startChild(env, "node", append([]string{filepath.Join(dir, "clients", name)}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan Line)
	go func() {
		defer close(lines)
		for raw := range c.lines {
			var head struct {
				Event string `json:"event"`
			}
			if json.Unmarshal(raw, &head) != nil {
				head.Event = "not JSON"
			}
			select {
			case lines <- Line{head.Event, raw}:
			case <-c.quit:
			}
		}
	}()
	t.Cleanup(func() {
		c.stop()
		for range lines { // until the goroutine above has ended
		}
		c.logOnFailure(t, name)
	})
	return &Script{t: t, name: name, child: c, Lines: lines}
}

// Send gives the script a command: a name, and its fields by name.
func (s *Script) Send(command string, fields map[string]any) {
	s.t.Helper()
	object := map[string]any{"do": command}
	maps.Copy(object, fields)
	line, err := json.Marshal(object)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.child.stdin.Write(append(line, '\n')); err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
}

// Next gives the next line, and fails the test when the script ends or says nothing for long.
func (s *Script) Next() Line {
	s.t.Helper()
	line, err := s.next()
	if err != nil {
		s.t.Fatal(err)
	}
	return line
}

func (s *Script) next() (Line, error) {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case line, ok := <-s.Lines:
		if !ok {
			return Line{}, fmt.Errorf("%s has ended: %s", s.name, s.child.stderr.String())
		}
		return line, nil
	case <-timer.C:
		return Line{}, fmt.Errorf("%s: no line in %v", s.name, startTimeout)
	}
}

// Expect reads on to the next line of that event and gives it; the lines before it are passed over.
func (s *Script) Expect(event string) Line {
	s.t.Helper()
	var passed []string
	for {
		line, err := s.next()
		if err != nil {
			s.t.Fatalf("waiting for %q: %v; passed over: %s", event, err, passed)
		}
		if line.Event == event {
			return line
		}
		if len(passed) < 20 {
			passed = append(passed, line.String())
		}
	}
}

// ExpectInto is Expect, with the line's fields decoded into out.
func (s *Script) ExpectInto(event string, out any) {
	s.t.Helper()
	line := s.Expect(event)
	if err := line.Decode(out); err != nil {
		s.t.Fatalf("%s: %v in %s", s.name, err, line)
	}
}

// Stop ends the script: its standard input is closed, it leaves, and exits.
func (s *Script) Stop() { s.child.stop() }

// Kill ends the script with SIGKILL.
func (s *Script) Kill() { s.child.kill() }
