package engineio

// A Cursor goes through an array, or an object, and those in it that it is told to open, in one
// pass and without recursion. Each value is found by its ends and handed out as it came, to any
// depth: what it holds is for whoever decodes it to judge. A value that turns out not to be JSON is
// found by the look of it, so that it does not cost what stands beside it; then Whole reports
// false, and no value that was handed out can be relied on to be what the sender meant.
//
//	for more := c.Open('['); more; more = c.More(']') {
//		v := c.Value()
//	}
//
// A fault between the values ends every loop, and Err tells it. The zero value is at the end of no
// bytes. Nothing is allocated but for what is nested deeper than 1024.
type Cursor struct {
	b     []byte
	i     int
	fault Kind
	loose bool // a value was not JSON
}

// NewCursor returns a cursor at the start of b, which it does not change.
func NewCursor(b []byte) Cursor { return Cursor{b: b} }

// Peek returns the first byte of the value that is due, and 0 where there is none.
func (c *Cursor) Peek() byte {
	if c.i = skipSpace(c.b, c.i); c.i == len(c.b) {
		return 0
	}
	return c.b[c.i]
}

// Open takes an opening bracket, '[' or '{', and reports whether there is something within.
func (c *Cursor) Open(bracket byte) (more bool) {
	if !c.take(bracket) {
		return false
	}
	if c.Peek() == bracket+2 { // ']' and '}' come two after '[' and '{'
		c.i++
		return false
	}
	return c.fault == 0
}

// More takes the comma after a value, or the bracket that closes what was opened, ']' or '}', and
// reports whether it was the comma.
func (c *Cursor) More(closing byte) (more bool) {
	if c.Peek() == ',' {
		c.i++
		return c.fault == 0
	}
	c.take(closing)
	return false
}

// Key takes a member's name and the colon after it, and returns the name as a JSON string, with its
// quotes and escapes.
func (c *Cursor) Key() []byte {
	key := c.String()
	c.take(':')
	return key
}

// String takes a value that must be a string, and returns it with its quotes and escapes; nil after
// a fault.
func (c *Cursor) String() []byte {
	if c.Peek() != '"' || c.fault != 0 {
		c.fail(ErrJSON)
		return nil
	}
	start := c.i
	end, kind := skipString(c.b, start)
	if kind != 0 {
		c.fail(kind)
		return nil
	}
	c.i = end
	return c.b[start:end]
}

// Value takes any value, and returns it without the space around it; nil after a fault.
func (c *Cursor) Value() []byte {
	if c.Peek() == 0 || c.fault != 0 {
		c.fail(ErrJSON)
		return nil
	}
	start := c.i
	end, kind := skipValue(c.b, start, anyDepth)
	if kind != 0 || !ends(c.b, end) {
		if end = skipLoose(c.b, start); end == start {
			c.fail(ErrJSON)
			return nil
		}
		c.loose = true
	}
	c.i = end
	return c.b[start:end]
}

// Whole reports whether every value so far was JSON.
func (c *Cursor) Whole() bool { return !c.loose }

// End wants nothing but space to be left.
func (c *Cursor) End() error {
	if c.i = skipSpace(c.b, c.i); c.i < len(c.b) {
		c.fail(ErrJSON)
	}
	return c.Err()
}

// Err tells the first fault, as an *Error with its place; nil if there was none.
func (c *Cursor) Err() error {
	if c.fault == 0 {
		return nil
	}
	return fault(c.fault, c.i)
}

func (c *Cursor) take(want byte) bool {
	if c.fault != 0 || c.Peek() != want {
		c.fail(ErrJSON)
		return false
	}
	c.i++
	return true
}

func (c *Cursor) fail(k Kind) {
	if c.fault == 0 {
		c.fault = k
	}
}
