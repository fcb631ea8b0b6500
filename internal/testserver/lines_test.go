package testserver_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

const failVariable = "RTXTEST_FAIL_ON_PURPOSE"

// TestFailures fails in every way there is, on the lines that say so, in the process that
// TestFailuresAreOnTheCallersLine starts. In any other it has nothing to do.
func TestFailures(t *testing.T) {
	if os.Getenv(failVariable) == "" {
		return
	}
	never := func(testserver.Stats) bool { return false }
	for name, fail := range map[string]func(t *testing.T, s *testserver.Server){
		"NewServer": func(t *testing.T, _ *testserver.Server) {
			testserver.NewServer(t, testserver.WithKey("")) // fails here
		},
		"NewPipeServer": func(t *testing.T, _ *testserver.Server) {
			testserver.NewPipeServer(t, testserver.WithWait(0)) // fails here
		},
		"Publish": func(_ *testing.T, s *testserver.Server) {
			s.Publish("orders", "e", make(chan int)) // fails here
		},
		"Publish of a reserved name": func(_ *testing.T, s *testserver.Server) {
			s.Publish("orders", "realtimex:e", 1) // fails here
		},
		"PublishBinary": func(_ *testing.T, s *testserver.Server) {
			s.PublishBinary("orders", "e", make(chan int)) // fails here
		},
		"Forge": func(_ *testing.T, s *testserver.Server) {
			s.Forge("orders", "e", make(chan int)) // fails here
		},
		"ForgeRoster": func(_ *testing.T, s *testserver.Server) {
			s.ForgeRoster("presence-room", []byte("[]")) // fails here
		},
		"Join": func(_ *testing.T, s *testserver.Server) {
			s.Join("orders", auth.Member{ID: "a"}) // fails here
		},
		"Join of what can't be encoded": func(_ *testing.T, s *testserver.Server) {
			s.Join("presence-room", auth.Member{ID: "a", Info: make(chan int)}) // fails here
		},
		"WaitSubscribed": func(_ *testing.T, s *testserver.Server) {
			s.WaitSubscribed("orders") // fails here
		},
		"WaitSubscribers": func(_ *testing.T, s *testserver.Server) {
			s.WaitSubscribers("orders", 2) // fails here
		},
		"WaitConnections": func(_ *testing.T, s *testserver.Server) {
			s.WaitConnections(1) // fails here
		},
		"WaitReceived": func(_ *testing.T, s *testserver.Server) {
			s.WaitReceived(func(testserver.Received) bool { return true }) // fails here
		},
		"WaitReceivedOn": func(_ *testing.T, s *testserver.Server) {
			s.WaitReceivedOn(testserver.KindClientEvent, "orders", 1) // fails here
		},
		"FailNext": func(_ *testing.T, s *testserver.Server) {
			s.Auth().FailNext(1, 200) // fails here
		},
		"FailNextAfter": func(_ *testing.T, s *testserver.Server) {
			s.Auth().FailNextAfter(1, 0, "") // fails here
		},
		"WaitStats": func(_ *testing.T, s *testserver.Server) {
			s.WaitStats(never) // fails here
		},
		"a helper of the user's": func(t *testing.T, s *testserver.Server) {
			help := func() {
				t.Helper()
				s.WaitConnections(1)
			}
			help() // fails here
		},
	} {
		t.Run(name, func(t *testing.T) {
			fail(t, testserver.NewServer(t, testserver.WithWait(time.Millisecond)))
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
	if len(want) < 18 || !slices.Equal(got, want) {
		t.Errorf("failures on lines %v, want %v:\n%s", got, want, out)
	}
}
