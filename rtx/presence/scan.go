package presence

// A peer may nest values as deeply as it likes, and one member must not affect the others. So the
// end of a value is found in one pass that counts brackets, without recursion and without memory
// for each level. Only the infos that are kept are checked to be JSON, one by one: see judge.

// skip returns the end of the value that begins at b[i], and how many levels it nests. The end is
// -1 if there is none.
func skip(b []byte, i int) (end, depth int) {
	if i >= len(b) {
		return -1, 0
	}
	switch b[i] {
	case '"':
		return skipString(b, i), 0
	case '{', '[':
	default:
		start := i
		for i < len(b) && !isEnd(b[i]) {
			i++
		}
		if i == start {
			return -1, 0
		}
		return i, 0
	}
	level := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = skipString(b, i); i < 0 {
				return -1, depth
			}
			continue
		case '{', '[':
			level++
			depth = max(depth, level)
		case '}', ']':
			if level--; level == 0 {
				return i + 1, depth
			}
		}
		i++
	}
	return -1, depth
}

// isEnd reports whether c ends a number or a word.
func isEnd(c byte) bool {
	return c <= ' ' || c == ',' || c == ':' || c == '"' || c == '[' || c == ']' || c == '{' || c == '}'
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// A walk iterates over the elements of one array or the fields of one object.
type walk struct {
	b      []byte
	i      int
	broken bool // the text is neither an array nor an object
}

// next returns the next element or field. name is the JSON string of a field's name. ok is false at
// the end, and where the text is broken.
func (w *walk) next() (name, value []byte, ok bool) {
	first := w.i == 0
	if first {
		w.i = 1
	}
	w.i = skipSpace(w.b, w.i)
	switch {
	case w.i >= len(w.b):
		w.broken = true
		return nil, nil, false
	case w.b[w.i] == w.b[0]+2: // ']' and '}' come two after '[' and '{'
		w.broken = skipSpace(w.b, w.i+1) != len(w.b)
		return nil, nil, false
	case first:
	case w.b[w.i] == ',':
		w.i = skipSpace(w.b, w.i+1)
	default:
		w.broken = true
		return nil, nil, false
	}
	if w.b[0] == '{' {
		end := -1
		if w.i < len(w.b) && w.b[w.i] == '"' {
			end = skipString(w.b, w.i)
		}
		if end < 0 {
			w.broken = true
			return nil, nil, false
		}
		name = w.b[w.i:end]
		if w.i = skipSpace(w.b, end); w.i >= len(w.b) || w.b[w.i] != ':' {
			w.broken = true
			return nil, nil, false
		}
		w.i = skipSpace(w.b, w.i+1)
	}
	end, _ := skip(w.b, w.i)
	if end < 0 {
		w.broken = true
		return nil, nil, false
	}
	value, w.i = w.b[w.i:end], end
	return name, value, true
}
