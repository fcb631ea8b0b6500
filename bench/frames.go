package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

const (
	channelName = "bench"
	eventName   = "tick"
	cycle       = 512 // different messages of a run on one channel; a run repeats them
	verified    = 512 // messages at each end of a run whose whole content is compared
)

// channelOf names the channel of message i of a run on n channels.
func channelOf(i, n int) string {
	if n <= 1 {
		return channelName
	}
	return fmt.Sprintf("%s-%06d", channelName, i%n)
}

// cycleOf is the number of different messages of a run on n channels: each channel gets as many.
func cycleOf(n int) int { return (cycle + n - 1) / n * n }

// frames are the messages of a run, encoded once: WebSocket frames, or packets of a poll with 0x1e
// after each, in one piece of memory, so that any number of them goes out in one system call. The
// messages repeat from the start after the last.
type frames struct {
	bytes    []byte
	ends     []int // of each frame
	payloads [][]byte
	stamps   []int // where in bytes the time of each message is; none if they carry no times
}

// newFrames encodes the messages of a run on that many channels.
func newFrames(size, channels int) *frames {
	return encodeFrames(channels, func(i int) []byte { return payload(i, size) }, appendFrame)
}

// newPackets is newFrames for polling.
func newPackets(size, channels int) *frames {
	return encodeFrames(channels, func(i int) []byte { return payload(i, size) }, func(dst, text []byte) []byte {
		return append(append(dst, text...), separator)
	})
}

func encodeFrames(channels int, payload func(i int) []byte, add func(dst, text []byte) []byte) *frames {
	f := &frames{}
	for i := range cycleOf(channels) {
		data := payload(i)
		f.payloads = append(f.payloads, data)
		text := append([]byte(nil), messageHead...)
		text = append(append(text, channelOf(i, channels)...), '"')
		text = append(append(append(text, eventHead...), eventName...), '"')
		text = append(append(append(text, dataHead...), data...), messageTail...)
		f.bytes = add(f.bytes, text)
		f.ends = append(f.ends, len(f.bytes))
	}
	return f
}

// noTime stands where messages carry a time: microseconds since 1970, as text. It has the place of
// the payload's ID.
const noTime = "0000000000000000"

// newTimedFrames encodes messages on one channel that are to be stamped.
func newTimedFrames(size int) *frames {
	f := encodeFrames(1, func(i int) []byte { return payloadWithID(noTime, i, size) }, appendFrame)
	for _, end := range f.ends {
		start := 0
		if n := len(f.stamps); n > 0 {
			start = f.ends[n-1]
		}
		f.stamps = append(f.stamps, start+bytes.Index(f.bytes[start:end], []byte(noTime)))
	}
	return f
}

// stamp writes a time into message number i, which is not to be sent before the earlier one in the
// same memory was.
func (f *frames) stamp(i int, at time.Time) {
	i %= len(f.ends)
	text := fmt.Appendf(make([]byte, 0, len(noTime)), "%0*d", len(noTime), at.UnixMicro())
	copy(f.bytes[f.stamps[i]:], text)
	data := f.payloads[i]
	copy(data[len(data)-(f.ends[i]-len(messageTail)-f.stamps[i]):], text)
}

// slice returns the bytes of up to n frames from message number from on, and how many these are: no
// more than to the end of the memory.
func (f *frames) slice(from, n int) ([]byte, int) {
	from %= len(f.ends)
	n = min(n, len(f.ends)-from)
	start := 0
	if from > 0 {
		start = f.ends[from-1]
	}
	return f.bytes[start:f.ends[from+n-1]], n
}

// digest is what a client must have seen at both ends of a run of that many measured messages.
func (f *frames) digest(measured int) string {
	h := sha256.New()
	for _, from := range []int{0, verified + measured} {
		for i := range verified {
			h.Write(f.payloads[(from+i)%len(f.payloads)])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sum is what workers together must have seen in a run of that many measured messages.
func (f *frames) sum(measured int) string {
	sum := 0
	for i := range measured + 2*verified {
		sum += i % len(f.payloads)
	}
	return fmt.Sprint(sum)
}

// appendFrame appends a server's text frame: whole, not masked.
func appendFrame(dst, text []byte) []byte {
	dst = append(dst, 0x81)
	switch n := len(text); {
	case n < 126:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, text...)
}
