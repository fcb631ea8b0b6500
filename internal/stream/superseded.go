package stream

// superseded counts the values that a later one replaced on purpose. It is no
// loss.
type superseded struct {
	all   uint64
	taken uint64 // of these, those that were taken: by Debounce and Sample
}

// leaveOut counts a value that was taken and is not handed out.
func (q *Queue[T]) leaveOut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := &q.rarely().superseded
	s.all++
	s.taken++
}
