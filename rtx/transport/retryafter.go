package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter limits HandshakeError.RetryAfter, so that a server that names a year does not stop
// the client.
const maxRetryAfter = 5 * time.Minute

// retryAfter reads the Retry-After of a 429 or a 503 (RFC 9110, section 10.2.3), in seconds or as a
// date. A date is compared with the Date of the answer, if there is one, because the clock here may
// be wrong. It returns 0 if there is no Retry-After, if it has passed, or if it is not understood.
func retryAfter(resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // more than fits
			return maxRetryAfter
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
