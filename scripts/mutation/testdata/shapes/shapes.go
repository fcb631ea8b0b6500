// Package shapes has a place for each operator to find.
package shapes

const limit = 10

type box struct{ n, lost int }

type bag[T any] struct{ items []T }

func (b *bag[T]) add(v T) {
	b.items = append(b.items, v) // a comment in the way
}

func (b *box) take(n int) bool {
	if n < 0 || n > limit {
		b.lost++
		return false
	}
	b.n += n
	b.note(n, limit)
	return true
}

func (b *box) note(a, c int) {
	switch {
	case a == c:
		b.lost = 0
	case a > c, c < 0:
		b.lost += 2
	default:
		b.lost += 3
	}
}

func (b *box) wait(c chan int, done chan bool) box {
	for b.n < 3 {
		select {
		case n := <-c:
			b.n = n
		case <-done:
			return box{n: b.n, lost: 1}
		default:
			b.n++
		}
	}
	defer func() { b.n = 0 }()
	if b.n == 4 {
		b.n = 5
	} else {
		b.n = 6
	}
	return *b
}
