package transport_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// event900kB is one packet that takes long on a slow link.
var event900kB = []byte(`2["` + strings.Repeat("x", 900_000) + `"]`)

// sluggish is a server that greets, and then takes n bytes each d, for as long as more says so.
func sluggish(n int, d time.Duration, more func(taken int) bool) func(*peer) {
	return func(p *peer) {
		p.greet()
		for taken := 0; more(taken); {
			time.Sleep(d)
			got, err := io.ReadFull(p.raw, make([]byte, n))
			if taken += got; err != nil {
				return
			}
		}
		_ = p.raw.Close()
	}
}

func forever(int) bool { return true }

// A frame may take any time while the other side takes it.
func TestSlowWrite(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		d    time.Duration
	}{
		{"50 kB/s", 5_000, 100 * time.Millisecond},
		{"1 kB/s", 1_000, time.Second},
		{"a piece just before the limit", 4 << 10, transport.DefaultWriteTimeout - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sess := newServer(t, sluggish(tt.n, tt.d, forever)).mustDial()
				start := time.Now()
				if err := sess.Send(t.Context(), event900kB); err != nil {
					t.Fatalf("%v after %v", err, time.Since(start))
				}
				if took, least := time.Since(start), time.Duration(len(event900kB)/tt.n-1)*tt.d; took < least || took < transport.DefaultWriteTimeout {
					t.Errorf("took %v, want %v at least", took, least)
				}
				sess.Close(&transport.DeadLinkError{})
			})
		})
	}
}

// A write that stands still ends the session, and so does one that drips: the error has how far it
// came.
func TestWriteStandsStill(t *testing.T) {
	for _, tt := range []struct {
		name     string
		n        int
		d        time.Duration
		after    int64 // bytes that were taken
		standing time.Duration
	}{
		{"nothing", 1, time.Hour, 0, 0},
		{"a byte in 20 s", 1, 20 * time.Second, 0, 0},
		{"a byte a second", 1, time.Second, 0, 0},
		{"400 bytes a second", 400, time.Second, 0, 0},
		{"half, and then nothing", 450_000, time.Second, 450_000 / 4096 * 4096, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				taking := forever
				if tt.after > 0 {
					taking = func(taken int) bool {
						if taken > 0 {
							time.Sleep(time.Hour)
						}
						return taken == 0
					}
				}
				sess := newServer(t, sluggish(tt.n, tt.d, taking)).mustDial()
				start := time.Now()
				err := sess.Send(t.Context(), event900kB)
				var failed *transport.WriteError
				if !errors.Is(err, transport.ErrWriteTimeout) || !errors.As(err, &failed) || failed.Written != tt.after || failed.Size != int64(len(event900kB))+1 {
					t.Errorf("err = %v, want ErrWriteTimeout after %d bytes", err, tt.after)
				}
				if took, want := time.Since(start), transport.DefaultWriteTimeout+tt.standing; took != want {
					t.Errorf("took %v, want %v", took, want)
				}
				if _, got := sess.Recv(); got != err {
					t.Errorf("Recv: %v, want %v", got, err)
				}
				sess.Close(nil)
			})
		})
	}
}

// A connection that breaks in the middle of a frame tells how far it came.
func TestWriteBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sess := newServer(t, sluggish(100_000, time.Millisecond, func(taken int) bool { return taken < 200_000 })).mustDial()
		err := sess.Send(t.Context(), event900kB)
		var lost *transport.LostError
		var failed *transport.WriteError
		if !errors.As(err, &lost) || !errors.As(err, &failed) || failed.Written < 190_000 || failed.Written > 210_000 || failed.Size != 900_006 {
			t.Errorf("err = %v, want a lost connection after some 200,000 bytes", err)
		}
		if !strings.Contains(err.Error(), " of 900006 bytes of a frame") {
			t.Errorf("it reads %v", err)
		}
		sess.Close(nil)
	})
}

// The limit counts from the beginning of each write, however long the last one is ago, and a timer
// of an earlier write harms none.
func TestWriteLimitIsOfOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			for {
				time.Sleep(6 * time.Second)
				if f := p.read(); f == "gone" || strings.HasPrefix(f, "close") {
					return
				}
			}
		})
		sess := srv.mustDial()
		for range 10 {
			if err := sess.Send(t.Context(), []byte(`2["e"]`)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(9 * time.Second)
		}
		sess.Close(nil)
	})
}
