package engineio

import (
	"encoding/base64"
	"slices"
)

// Assembler puts packets and their attachments together: give it every packet and every binary frame in the order in which
// they came. The zero value is usable. It must not be used concurrently. After an error it holds nothing, and the link that it
// came from can't be trusted to be in step.
type Assembler struct {
	Limits Limits // Attachments and Bytes count here; Bytes includes the JSON

	packet SocketPacket // its Type is binary while attachments are due
	size   int64
}

// Due reports whether attachments are still to come: then Add refuses every packet.
func (a *Assembler) Due() bool { return a.packet.Type.binary() }

// Add takes a decoded packet. One without attachments comes back at once, complete. Of one with attachments Data is copied,
// because the caller's buffer will hold the next frame by the time it is complete. ErrAttachmentDue if an attachment was due.
func (a *Assembler) Add(p SocketPacket) (SocketPacket, bool, error) {
	if a.packet.Type.binary() {
		return a.fail(ErrAttachmentDue)
	}
	if !p.Type.binary() {
		return p, true, nil
	}
	lim := a.Limits.orDefault()
	if p.Attachments <= 0 || p.Attachments > lim.Attachments {
		return a.fail(ErrAttachmentCount)
	}
	if a.size = int64(len(p.Data)); a.size > lim.Bytes {
		return a.fail(ErrTooLarge)
	}
	p.Data = slices.Clone(p.Data)
	p.Buffers = make([][]byte, 0, p.Attachments)
	a.packet = p
	return SocketPacket{}, false, nil
}

// AddBinary takes the bytes of a binary frame, which it copies, and gives the packet once all its attachments are there. That
// packet aliases nothing of the caller's. ErrAttachmentNotDue if no attachment was due.
func (a *Assembler) AddBinary(b []byte) (SocketPacket, bool, error) {
	if !a.packet.Type.binary() {
		return a.fail(ErrAttachmentNotDue)
	}
	if a.size += int64(len(b)); a.size > a.Limits.orDefault().Bytes {
		return a.fail(ErrTooLarge)
	}
	a.packet.Buffers = append(a.packet.Buffers, append([]byte{}, b...))
	if len(a.packet.Buffers) < a.packet.Attachments {
		return SocketPacket{}, false, nil
	}
	p := a.packet
	a.packet, a.size = SocketPacket{}, 0
	return p, true, nil
}

func (a *Assembler) fail(kind Kind) (SocketPacket, bool, error) {
	a.packet, a.size = SocketPacket{}, 0
	return SocketPacket{}, false, fault(kind, 0)
}

// Inline gives p.Data with each placeholder replaced by its attachment, as a JSON string in base64 (what encoding/json makes of
// a []byte). It checks that Data is JSON, and each num: plain digits that name an attachment, and one that no other placeholder
// has named, so that the result can't outgrow what was received by more than base64 does. An attachment that no placeholder
// names is left out. The result is a copy, unless there is no placeholder.
func Inline(p SocketPacket) ([]byte, error) {
	if len(p.Data) == 0 {
		return nil, fault(ErrNoPayload, 0)
	}
	if at, kind := checkValue(p.Data, maxDepth); kind != 0 {
		return nil, fault(kind, at)
	}
	spans, err := placeholders(p.Data, len(p.Buffers))
	if err != nil {
		return nil, err
	}
	if len(spans) == 0 {
		return p.Data, nil
	}
	size := len(p.Data)
	for _, s := range spans {
		size += 2 + base64.StdEncoding.EncodedLen(len(p.Buffers[s.num])) - (s.end - s.start)
	}
	out, copied := make([]byte, 0, size), 0
	for _, s := range spans {
		out = append(append(out, p.Data[copied:s.start]...), '"')
		out = append(base64.StdEncoding.AppendEncode(out, p.Buffers[s.num]), '"')
		copied = s.end
	}
	return append(out, p.Data[copied:]...), nil
}

// span is a placeholder in the JSON: data[start:end], for attachment num.
type span struct{ start, end, num int }

// placeholders finds the placeholders in data, which checkValue has passed, and checks them against n attachments. A
// placeholder is, as in the reference, any object with "_placeholder":true; other members of it are ignored.
func placeholders(data []byte, n int) ([]span, error) {
	w := placeholderWalk{data: data, used: make([]bool, n)}
	w.value(skipSpace(data, 0))
	if w.failed {
		return nil, fault(ErrPlaceholder, w.at)
	}
	return w.spans, nil
}

// placeholderWalk goes through valid JSON, so it need not look for faults in it, and its recursion is bounded by maxDepth.
type placeholderWalk struct {
	data   []byte
	used   []bool
	spans  []span
	failed bool
	at     int // where, if failed
}

// value walks the value at data[i] and gives where it ends.
func (w *placeholderWalk) value(i int) int {
	switch w.data[i] {
	case '{':
		return w.object(i)
	case '[':
		i = skipSpace(w.data, i+1)
		for w.data[i] != ']' {
			i = skipSpace(w.data, w.value(i))
			if w.data[i] == ',' {
				i = skipSpace(w.data, i+1)
			}
		}
		return i + 1
	case '"':
		i, _ = skipString(w.data, i)
		return i
	}
	for i < len(w.data) && w.data[i] != ',' && w.data[i] != ']' && w.data[i] != '}' && w.data[i] > ' ' {
		i++
	}
	return i
}

func (w *placeholderWalk) object(start int) int {
	marked, num := false, []byte(nil)
	outside := len(w.spans)
	i := skipSpace(w.data, start+1)
	for w.data[i] != '}' {
		end, _ := skipString(w.data, i)
		var buf [wordBuffer]byte
		key := unquote(buf[:0], w.data[i:end])
		i = skipSpace(w.data, skipSpace(w.data, end)+1)
		end = w.value(i)
		// Of a repeated key the last counts, as in every decoder.
		switch string(key) {
		case "_placeholder":
			marked = w.data[i] == 't'
		case "num":
			num = w.data[i:end]
		}
		if i = skipSpace(w.data, end); w.data[i] == ',' {
			i = skipSpace(w.data, i+1)
		}
	}
	i++
	if marked && !w.failed {
		n, end, ok := number(num, 0, uint64(max(len(w.used)-1, 0)))
		if !ok || end < len(num) || n >= uint64(len(w.used)) || w.used[n] {
			w.failed, w.at = true, start
			return i
		}
		w.used[n] = true
		w.spans = append(w.spans[:outside], span{start, i, int(n)}) // one within it goes with it
	}
	return i
}
