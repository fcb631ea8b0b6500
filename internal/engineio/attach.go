package engineio

import (
	"encoding/base64"
	"math"
	"slices"
)

// Assembler puts packets and their attachments together: give it every packet and every binary
// frame in the order in which they came. The zero value is usable. It must not be used
// concurrently. After an error it holds nothing, and the link that it came from can't be trusted to
// be in step.
type Assembler struct {
	Limits Limits // Attachments and Bytes count here; Bytes includes the JSON

	packet SocketPacket // its Type is binary while attachments are due
	size   int64
}

// Due reports whether attachments are still to come: then Add refuses every packet.
func (a *Assembler) Due() bool { return a.packet.Type.binary() }

// Pending is the JSON of the packet whose attachments are due, nil if none are.
func (a *Assembler) Pending() []byte { return a.packet.Data }

// Add takes a decoded packet. One without attachments comes back at once, complete. Of one with
// attachments Data is copied, because the caller's buffer will hold the next frame by the time it
// is complete. ErrAttachmentDue if an attachment was due.
func (a *Assembler) Add(p SocketPacket) (SocketPacket, bool, error) {
	if a.packet.Type.binary() {
		return a.fail(ErrAttachmentDue)
	}
	if !p.Type.binary() {
		return p, true, nil
	}
	lim := a.Limits.orDefault()
	if p.Attachments <= 0 {
		return a.fail(ErrAttachmentCount)
	}
	if p.Attachments > lim.Attachments {
		return a.fail(ErrManyAttachments)
	}
	if a.size = int64(len(p.Data)); a.size > lim.Bytes {
		return a.fail(ErrTooLarge)
	}
	p.Data = slices.Clone(p.Data)
	p.Buffers = make([][]byte, 0, p.Attachments)
	a.packet = p
	return SocketPacket{}, false, nil
}

// AddBinary takes the bytes of a binary frame, which it copies, and gives the packet once all its
// attachments are there. That packet aliases nothing of the caller's. ErrAttachmentNotDue if no
// attachment was due.
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

// Inline gives p.Data with each placeholder replaced by its attachment, as a JSON string in base64
// (what encoding/json makes of a []byte). It checks that Data is JSON, and each num: plain digits
// that name an attachment, and one that no other placeholder has named, so that the result can't
// outgrow what was received by more than base64 does. An attachment that no placeholder names is
// left out. The result is a copy, unless there is no placeholder.
func Inline(p SocketPacket) ([]byte, error) {
	if len(p.Data) == 0 {
		return nil, fault(ErrNoPayload, 0)
	}
	if at, kind := checkValue(p.Data, anyDepth); kind != 0 {
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

// placeholders finds the placeholders in data, which checkValue has passed, and checks them against
// n attachments. A placeholder is, as in the reference, any object with "_placeholder":true; other
// members of it are ignored.
//
// Nothing recurses, because a payload may be nested as deep as its sender likes. In valid JSON a
// string with a colon after it is a member's name, and the member is one of the object that was
// opened last: so of what is open only the objects are kept, in 12 bytes each, and an object with a
// member in it has 5 bytes at least.
func placeholders(data []byte, n int) ([]span, error) {
	if len(data) > math.MaxInt32 {
		return nil, fault(ErrTooLarge, 0)
	}
	var spans []span
	var open []openObject
	used := make([]bool, n)
	for i := 0; i < len(data); {
		switch data[i] {
		case '"':
			end, _ := skipString(data, i)
			key := data[i:end]
			if i = skipSpace(data, end); i == len(data) || data[i] != ':' {
				continue
			}
			i = skipSpace(data, i+1)
			switch o := &open[len(open)-1]; { // of a repeated key the last counts, as in every decoder
			case spells(key, "_placeholder"):
				o.marked = data[i] == 't'
			case spells(key, "num"):
				o.num = int32(i)
			}
		case '{':
			open = append(open, openObject{start: int32(i)})
			i++
		case '}':
			o := open[len(open)-1]
			open = open[:len(open)-1]
			i++
			if !o.marked {
				continue
			}
			num, ok := o.attachment(data, used)
			if !ok {
				return nil, fault(ErrPlaceholder, int(o.start))
			}
			used[num] = true
			for len(spans) > 0 && spans[len(spans)-1].start > int(o.start) {
				spans = spans[:len(spans)-1] // one within it goes with it
			}
			spans = append(spans, span{int(o.start), i, num})
		default:
			i++
		}
	}
	return spans, nil
}

// openObject is an object that has not been closed yet.
type openObject struct {
	start, num int32 // where it begins, and where the value of its "num" does; 0 if it has none
	marked     bool  // it has "_placeholder":true
}

// attachment gives the number of the attachment that o is the placeholder of, if it is one that is
// not used yet.
func (o openObject) attachment(data []byte, used []bool) (num int, ok bool) {
	if o.num == 0 || len(used) == 0 {
		return 0, false
	}
	n, end, ok := number(data, int(o.num), uint64(len(used)-1))
	if !ok || used[n] {
		return 0, false
	}
	return int(n), ends(data, end)
}
