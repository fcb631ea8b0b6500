package frameworks

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimits bounds the memory that ever new callers can take.
const maxLimits = 10_000

// limits has a limiter for each caller. The zero value is empty.
type limits struct {
	mu       sync.Mutex
	byCaller map[string]*rate.Limiter
}

// wait returns how long the caller must wait before the next request; 0 if it may pass.
func (l *limits) wait(caller string) time.Duration {
	l.mu.Lock()
	limiter := l.byCaller[caller]
	if limiter == nil {
		if l.byCaller == nil || len(l.byCaller) >= maxLimits {
			l.byCaller = make(map[string]*rate.Limiter)
		}
		limiter = rate.NewLimiter(rate.Every(window/limit), limit)
		l.byCaller[caller] = limiter
	}
	l.mu.Unlock()
	reservation := limiter.Reserve()
	delay := reservation.Delay()
	if delay > 0 {
		reservation.Cancel()
	}
	return delay
}

// limited lets through what is within the limit of its caller, and answers 429 to the rest.
func (a *App) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if delay := a.limits.wait(a.caller(r)); delay > 0 {
			w.Header().Set("Retry-After", seconds(delay))
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// seconds returns a duration as Retry-After has it: in whole seconds, at least as long.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
