package rtxtest_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

const failVariable = "RTXTEST_FAIL_ON_PURPOSE"

// TestFailures fails in every way there is, on the lines that say so, in the process that
// TestFailuresAreOnTheCallersLine starts. In any other it has nothing to do.
func TestFailures(t *testing.T) {
	if os.Getenv(failVariable) == "" {
		return
	}
	for name, fail := range map[string]func(t *testing.T, s *rtxtest.Server){
		"NewServer": func(t *testing.T, _ *rtxtest.Server) {
			rtxtest.NewServer(t, rtxtest.WithKey("")) // fails here
		},
		"NewPipeServer": func(t *testing.T, _ *rtxtest.Server) {
			rtxtest.NewPipeServer(t, rtxtest.WithWait(0)) // fails here
		},
		"Publish": func(_ *testing.T, s *rtxtest.Server) {
			s.Publish("orders", "e", make(chan int)) // fails here
		},
		"Publish of a reserved name": func(_ *testing.T, s *rtxtest.Server) {
			s.Publish("orders", "realtimex:e", 1) // fails here
		},
		"Join": func(_ *testing.T, s *rtxtest.Server) {
			s.Join("orders", auth.Member{ID: "a"}) // fails here
		},
		"FailAuth": func(_ *testing.T, s *rtxtest.Server) {
			s.FailAuth(1, 200) // fails here
		},
		"WaitSubscribed": func(_ *testing.T, s *rtxtest.Server) {
			s.WaitSubscribed("orders") // fails here
		},
		"WaitSubscribers": func(_ *testing.T, s *rtxtest.Server) {
			s.WaitSubscribers("orders", 2) // fails here
		},
		"WaitClientEvents": func(_ *testing.T, s *rtxtest.Server) {
			s.WaitClientEvents("orders", 1) // fails here
		},
		"WaitUnsubscribed": func(t *testing.T, s *rtxtest.Server) {
			client := connect(s)
			defer client.Close()
			subscribe(t, client, "orders")
			s.WaitUnsubscribed("orders") // fails here
		},
		"a helper of the user's": func(t *testing.T, s *rtxtest.Server) {
			help := func() {
				t.Helper()
				s.WaitSubscribed("orders")
			}
			help() // fails here
		},
	} {
		t.Run(name, func(t *testing.T) {
			fail(t, rtxtest.NewServer(t, rtxtest.WithWait(time.Millisecond)))
		})
	}
}

// A failure is told on the line that called, by the real testing package.
func TestFailuresAreOnTheCallersLine(t *testing.T) {
	source, err := os.ReadFile("lines_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []int
	for i, line := range strings.Split(string(source), "\n") {
		if strings.HasSuffix(line, "// fails "+"here") {
			want = append(want, i+1)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFailures$", "-test.v")
	cmd.Env = append(os.Environ(), failVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("nothing failed:\n%s", out)
	}
	var got []int
	for _, m := range regexp.MustCompile(`(\w+\.go):(\d+): rtxtest: `).FindAllStringSubmatch(string(out), -1) {
		n, _ := strconv.Atoi(m[2])
		if m[1] != "lines_test.go" {
			t.Errorf("told at %s:%d", m[1], n)
		}
		got = append(got, n)
	}
	slices.Sort(got)
	if len(want) < 11 || !slices.Equal(got, want) {
		t.Errorf("failures on lines %v, want %v:\n%s", got, want, out)
	}
}
