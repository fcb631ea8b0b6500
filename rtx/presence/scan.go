package presence

// A peer nests as deep as it likes, and one member must not cost the others anything. So values are found by their ends: one
// pass that counts brackets, with no recursion and nothing kept a level. Whether a value is JSON is asked only of the infos
// that are kept (judge), one by one.

// skip returns where the value ends that begins at b[i], and how many levels it nests; -1 if it has no end.
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

// isEnd tells whether c ends a number or a word.
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

// A walk goes over the parts of one array or object.
type walk struct {
	b      []byte
	i      int
	broken bool // it turned out to be neither
}

// next returns the next part, with its name, a JSON string, in an object. ok is false at the end, or where it is broken.
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
