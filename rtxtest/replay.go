package rtxtest

import (
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// Replay starts a server that replays a recording to its first client, and closes it when the test
// ends: the same packets, refusals and ends of connections. See package record, and docs/recording.md.
// A file that can't be read fails the test.
//
// As with [NewPipeServer] the connections are pipes in memory, which a client reaches by
// [Server.HTTPClient] only, and it works in a testing/synctest bubble. The server takes any API key
// and any signature. It waits until the client has asked for the subscriptions of the recording, and
// sends what came after them then. It keeps no times, unless [WithReplaySpeed] says so.
// [Server.WaitReplayed] waits for the end. What publishes, or makes something go wrong, reaches
// nobody. The command rtx serve --replay does the same over TCP.
func Replay(t testing.TB, file string, opts ...Option) *Server {
	t.Helper()
	recording, err := testserver.OpenRecording(file)
	if err != nil {
		t.Fatalf("rtxtest: Replay: %v", err)
		return nil
	}
	return NewPipeServer(t, append([]Option{wrapped(testserver.WithReplay(recording))}, opts...)...)
}

// WithReplaySpeed sets how fast [Replay] replays: 1 keeps the recorded times, 10 is ten times as
// fast. In a testing/synctest bubble the recorded times cost nothing. It must be 0 or more. Default:
// 0, which keeps no times.
func WithReplaySpeed(factor float64) Option { return wrapped(testserver.WithReplaySpeed(factor)) }

// WaitReplayed waits until [Replay] has replayed the whole recording. It fails the test after the
// time of [WithWait], and says what the replay waits for, such as a subscription that the client
// does not ask for. It also fails the test if the client did not resume a session that it resumed in
// the recording.
func (s *Server) WaitReplayed() {
	s.tb.Helper()
	s.inner.WaitReplayed()
}
