package presence

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

var sizes = []int{100, 1000, 10_000, 100_000}

// crowd is a confirmation with n members, of some 70 bytes each.
func crowd(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"channel":"presence-x","members":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"user_id":"user-%d","user_info":{"name":"Somebody %d","age":%d}}`, i, i, i%90)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

type citizen struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

func crowded(n int) (*tracker, *Room[citizen]) {
	tr := newTracker(testChannel)
	room := open[citizen](tr)
	tr.Confirmed(crowd(n), nil)
	<-room.C
	return tr, room
}

var newcomer = []byte(`{"user_id":"newcomer","user_info":{"name":"Somebody new","age":30}}`)

// One join or leave, with a reader that keeps up, and with one that never reads.
func BenchmarkChange(b *testing.B) {
	for _, n := range sizes {
		for _, keeps := range []bool{true, false} {
			reader := map[bool]string{true: "prompt", false: "stalled"}[keeps]
			b.Run(fmt.Sprintf("members=%d/reader=%s", n, reader), func(b *testing.B) {
				tr, room := crowded(n)
				names := [2]string{"presence:member_added", "presence:member_removed"}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					tr.Event(names[i%2], newcomer)
					if keeps {
						<-room.C
					}
				}
			})
		}
	}
}

// Everybody leaves and comes again, one by one, while nobody reads: the worst for merging.
func BenchmarkMerge(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			tr, _ := crowded(n)
			names := [2]string{"presence:member_removed", "presence:member_added"}
			member := make([][]byte, n)
			for i := range member {
				member[i] = fmt.Appendf(nil, `{"user_id":"user-%d","user_info":{"name":"Another %d","age":1}}`, i, i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tr.Event(names[i/n%2], member[i%n])
			}
		})
	}
}

// The same while another goroutine has asked for the roster before each change.
func BenchmarkChangeWithMembers(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			tr, room := crowded(n)
			names := [2]string{"presence:member_added", "presence:member_removed"}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				room.Members()
				tr.Event(names[i%2], newcomer)
				<-room.C
			}
		})
	}
}

// The snapshot after a reconnection in which one member differs.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			tr, room := crowded(n)
			rosters := [2][]byte{crowd(n - 1), crowd(n)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tr.Down()
				tr.Confirmed(rosters[i%2], nil)
				<-room.C
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/member")
		})
	}
}

func BenchmarkFirstSnapshot(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			roster := crowd(n)
			b.ReportAllocs()
			for b.Loop() {
				tr := newTracker(testChannel)
				room := open[citizen](tr)
				tr.Confirmed(roster, nil)
				<-room.C
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/member")
		})
	}
}

// A roster of two million for a room of the default limit: what is spent before it is found too
// large.
func BenchmarkTooLarge(b *testing.B) {
	roster := million("ids", 2_000_000)
	b.SetBytes(int64(len(roster)))
	b.ReportAllocs()
	for b.Loop() {
		tr := newTracker(testChannel)
		room := open[citizen](tr)
		tr.Confirmed(roster, nil)
		if room.Err() == nil {
			b.Fatal("it is not too large")
		}
	}
}

// What a channel with one room keeps, besides the reader's own; and what each further room adds.
func BenchmarkBytesPerMember(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			roster := crowd(n)
			heap := func() uint64 {
				runtime.GC()
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			for b.Loop() {
				before := heap()
				tr := newTracker(testChannel)
				room := open[citizen](tr)
				tr.Confirmed(roster, nil)
				<-room.C
				tr.Event("presence:member_added", newcomer)
				<-room.C
				one := heap()
				second := open[citizen](tr)
				<-second.C
				tr.Event("presence:member_removed", newcomer)
				<-room.C
				<-second.C
				two := heap()
				runtime.KeepAlive(tr)
				b.ReportMetric(float64(one-before)/float64(n), "B/member")
				b.ReportMetric(float64(two-one)/float64(n), "B/member-2nd")
			}
		})
	}
}
