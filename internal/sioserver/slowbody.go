package sioserver

import (
	"io"
	"net/http"
	"time"
)

const (
	// bodyGrace is how long a request's body may take beyond what its bytes take at bodyRate.
	bodyGrace = 10 * time.Second
	// bodyRate is the slowest that a body may come, in bytes per second. What keeps up with it is
	// never cut off, however long.
	bodyRate = 1024
)

// BoundBodies cuts off requests whose body comes too slowly, also where the handler does not read
// it. It does not touch the time that a request takes whose body has come, so polls may wait.
func BoundBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			body := &boundBody{ReadCloser: r.Body, conn: http.NewResponseController(w), began: time.Now()}
			body.await()
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// boundBody is a body with a deadline that moves on with each byte.
type boundBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	began time.Time
	read  int64
}

func (b *boundBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err == io.EOF {
		b.conn.SetReadDeadline(time.Time{})
		return n, err
	}
	b.await()
	return n, err
}

// await sets the time by which the next bytes must have come.
func (b *boundBody) await() {
	b.conn.SetReadDeadline(b.began.Add(bodyGrace + time.Duration(b.read)*(time.Second/bodyRate)))
}
