package auth

import (
	"sync"
	"time"
)

// holdBatch is how long a batch size that had to be lowered does not rise.
const holdBatch = 5 * time.Minute

// A batchSize is for how many channels a backend is asked at once. It is lowered where the backend
// takes fewer, or knows no batches, and rises again after a time.
type batchSize struct {
	most int // what WithBatch set; 0 without it

	mu   sync.Mutex
	now  int       // from 1 to most
	hold time.Time // it does not rise before
}

// get returns the size of the next batch; 1 means to ask for one channel alone.
func (s *batchSize) get() int {
	if s.most == 0 {
		return 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == 1 && s.rises() {
		s.now = 2
	}
	return s.now
}

// took notes that the backend has answered a batch of n.
func (s *batchSize) took(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= s.now && s.rises() {
		s.now = min(2*s.now, s.most)
	}
}

// lower sets the size to n, at least 1, if it is not lower already.
func (s *batchSize) lower(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(1, min(n, s.now))
	s.hold = time.Now().Add(holdBatch)
}

func (s *batchSize) rises() bool { return !time.Now().Before(s.hold) }
