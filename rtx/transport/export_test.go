package transport

// BufferSize is the capacity of the session's read buffer. Call it on the goroutine that calls
// Recv.
func BufferSize(s Session) int { return cap(s.(*session).buf) }

const (
	MaxBacklogBytes   = maxBacklogBytes
	MaxBacklogPackets = maxBacklogPackets
)

const MinRate = minRate

const MaxHidden = maxHidden

const MaxCookies = maxCookies
