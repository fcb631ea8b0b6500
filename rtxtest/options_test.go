package rtxtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestNilOptionsDoNothing(t *testing.T) {
	s := rtxtest.NewServer(t, nil, rtxtest.WithKey("k"), nil)
	if s.Key() != "k" {
		t.Errorf("key %q", s.Key())
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	bad := map[string]rtxtest.Option{
		"WithKey":         rtxtest.WithKey(""),
		"WithTransports":  rtxtest.WithTransports("carrier-pigeon"),
		"WithSecret":      rtxtest.WithSecret(""),
		"WithPing":        rtxtest.WithPing(time.Second, 0),
		"WithRecovery":    rtxtest.WithRecovery(0),
		"WithWait":        rtxtest.WithWait(-1),
		"WithReplaySpeed": rtxtest.WithReplaySpeed(-1),
	}
	for _, name := range exported.Makers(t, "Option") {
		if bad[name] == nil {
			t.Errorf("no bad %s is tried", name)
			continue
		}
		s, err := rtxtest.Start(bad[name])
		if err == nil || !strings.HasPrefix(err.Error(), "rtxtest: "+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
		if s != nil {
			t.Errorf("%s: a server beside the error", name)
		}
	}
}
