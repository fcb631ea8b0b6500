package sioserver

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// logBytes bounds the events that recovery keeps. Past it the oldest go, and a client that
	// needs one is not recovered.
	logBytes = 64 << 20
	// keptSessions bounds the lost connections that recovery keeps.
	keptSessions = 65536
)

// adapter keeps the rooms of a namespace and, with recovery, the events that lost connections may
// have missed.
//
// Sockets and rooms are keyed by socket id, as in the reference server's in-memory adapter, and a
// kept connection stays kept after it has been taken up. With it comes that server's flaw: when two
// sockets share an id (one that lingers on a half-open link, and one that took it up) the end of
// the first empties the rooms of the second.
type adapter struct {
	ids *ids

	mu      sync.Mutex
	sockets map[string]*Socket
	order   []*Socket // in the order of joining
	rooms   map[string]*room
	member  map[string][]string // socket id → rooms

	epoch string // begins every offset, so that those of an earlier life are unknown
	pad   string // ends every offset
	next  uint64
	log   []logged
	first uint64 // the number of log[0]
	size  int
	kept  map[string]kept // by pid
	keptQ []string
}

// room is a set of socket ids that is walked in the order of joining.
type room struct {
	ids []string
	at  map[string]struct{}
}

type logged struct {
	frames []frame
	room   string
	except []string
	at     time.Time
	size   int
}

type kept struct {
	id    string
	rooms []string
	data  *any
	at    time.Time
}

func newAdapter(g *ids) *adapter {
	a := &adapter{ids: g}
	a.reset()
	return a
}

// reset begins with nothing. a.mu is held, or a is new.
func (a *adapter) reset() {
	a.epoch, a.next, a.first = a.ids.epoch(), 0, 0
	a.sockets, a.order = make(map[string]*Socket), nil
	a.rooms, a.member = make(map[string]*room), make(map[string][]string)
	a.log, a.size = nil, 0
	a.kept, a.keptQ = make(map[string]kept), nil
}

// padding is what offsets are made longer with. No number has it.
const padding = "~"

func (a *adapter) padOffsets(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pad = strings.Repeat(padding, max(n, 0))
}

func (a *adapter) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reset()
}

func (a *adapter) all() []*Socket {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.order)
}

// admit takes the socket in and answers its CONNECT. If it takes up a lost connection, what that
// has missed is sent before the answer, and what is sent from now on after it: nothing falls in
// between, because all happens under the lock that broadcasts take.
func (a *adapter) admit(s *Socket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var rooms []string
	if window := s.namespace.recovery; window > 0 {
		pid, offset := s.wanted()
		if k, missed, ok := a.restore(pid, offset, window); ok {
			s.ID, s.pid, s.Recovered = k.id, pid, true
			s.data.Store(k.data)
			rooms = k.rooms
			for _, m := range missed {
				s.send(m)
			}
		} else {
			s.pid = a.ids.next()
		}
	}
	if s.ID == "" {
		s.ID = a.ids.next()
	}
	a.sockets[s.ID] = s
	a.order = append(a.order, s)
	a.joinLocked(s.ID, s.ID)
	for _, r := range rooms {
		a.joinLocked(s.ID, r)
	}
	s.answer()
}

// remove takes the socket out of the namespace and its id out of all rooms.
func (a *adapter) remove(s *Socket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leaveAll(s.ID)
	delete(a.sockets, s.ID)
	if i := slices.Index(a.order, s); i >= 0 {
		a.order = slices.Delete(a.order, i, i+1)
	}
}

func (a *adapter) loseRooms(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leaveAll(id)
}

func (a *adapter) leaveAll(id string) {
	for _, name := range a.member[id] {
		a.dropFrom(id, name)
	}
	delete(a.member, id)
}

func (a *adapter) join(s *Socket, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.left.Load() {
		return
	}
	a.joinLocked(s.ID, name)
}

func (a *adapter) joinLocked(id, name string) {
	r := a.rooms[name]
	if r == nil {
		r = &room{at: make(map[string]struct{}, 1)}
		a.rooms[name] = r
	}
	if _, in := r.at[id]; in {
		return
	}
	r.at[id] = struct{}{}
	r.ids = append(r.ids, id)
	a.member[id] = append(a.member[id], name)
}

func (a *adapter) leave(s *Socket, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropFrom(s.ID, name)
	if i := slices.Index(a.member[s.ID], name); i >= 0 {
		a.member[s.ID] = slices.Delete(a.member[s.ID], i, i+1)
	}
}

func (a *adapter) dropFrom(id, name string) {
	r := a.rooms[name]
	if r == nil {
		return
	}
	if _, in := r.at[id]; !in {
		return
	}
	delete(r.at, id)
	r.ids = slices.Delete(r.ids, slices.Index(r.ids, id), slices.Index(r.ids, id)+1)
	if len(r.ids) == 0 {
		delete(a.rooms, name)
	}
}

func (a *adapter) roomsOf(id string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.member[id])
}

// broadcast queues an event for a room. With recovery it gets an offset as its last argument and is
// kept for a while. text is its first packet as it goes out.
func (a *adapter) broadcast(n *Namespace, name string, except []string, data []byte, buffers [][]byte) (offset string, sockets int, text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n.recovery > 0 {
		offset = a.epoch + strconv.FormatUint(a.next, 36) + a.pad
		data = slices.Concat(data[:len(data)-1], []byte(`,"`+offset+`"]`))
	}
	frames := encodeEvent(n.name, data, buffers)
	if n.recovery > 0 {
		a.record(logged{frames: frames, room: name, except: except, at: time.Now()}, n.recovery)
	}
	text = frames[0].data
	r := a.rooms[name]
	if r == nil {
		return offset, 0, text
	}
	for _, id := range r.ids {
		if s := a.sockets[id]; s != nil && !a.excepted(id, except) {
			s.send(frames)
			sockets++
		}
	}
	return offset, sockets, text
}

// excepted reports whether a socket id is in one of the rooms. That one which it has for its own
// may be lost: then an event reaches also those who caused it.
func (a *adapter) excepted(id string, rooms []string) bool {
	for _, name := range rooms {
		if r := a.rooms[name]; r != nil {
			if _, in := r.at[id]; in {
				return true
			}
		}
	}
	return false
}

func (a *adapter) record(l logged, window time.Duration) {
	for _, f := range l.frames {
		l.size += len(f.data)
	}
	a.next++
	a.log = append(a.log, l)
	a.size += l.size
	drop := 0
	for drop < len(a.log)-1 && (a.size > logBytes || l.at.Sub(a.log[drop].at) > window) {
		a.size -= a.log[drop].size
		drop++
	}
	a.first += uint64(drop)
	clear(a.log[:drop])
	a.log = a.log[drop:]
}

// keep remembers a lost connection, with the rooms that its id is in now.
func (a *adapter) keep(s *Socket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.kept[s.pid]; !again {
		a.keptQ = append(a.keptQ, s.pid)
	}
	a.kept[s.pid] = kept{id: s.ID, rooms: slices.Clone(a.member[s.ID]), data: s.data.Load(), at: time.Now()}
	if len(a.keptQ) > keptSessions {
		delete(a.kept, a.keptQ[0])
		a.keptQ = a.keptQ[1:]
	}
}

// restore gives the connection with this pid and what its rooms have missed since offset. It
// reports false if the connection, or the event at the offset, is no longer kept. a.mu is held.
func (a *adapter) restore(pid, offset string, window time.Duration) (kept, [][]frame, bool) {
	k, ok := a.kept[pid]
	if !ok || time.Since(k.at) > window {
		return kept{}, nil, false
	}
	if len(offset) <= len(a.epoch) || offset[:len(a.epoch)] != a.epoch {
		return kept{}, nil, false
	}
	number, _, _ := strings.Cut(offset[len(a.epoch):], padding)
	seen, err := strconv.ParseUint(number, 36, 64)
	if err != nil || seen < a.first || seen >= a.next {
		return kept{}, nil, false
	}
	var missed [][]frame
	for _, l := range a.log[seen-a.first+1:] {
		if slices.Contains(k.rooms, l.room) && !slices.ContainsFunc(l.except, func(r string) bool { return slices.Contains(k.rooms, r) }) {
			missed = append(missed, l.frames)
		}
	}
	return k, missed, true
}
