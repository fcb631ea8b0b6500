package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter limits what a Retry-After can ask for, so that a wrong one does not stop a channel
// for ever.
const maxRetryAfter = 10 * time.Minute

// outcome decides what an answer for one channel means: a grant, a refusal, or a retry.
func (a *asking) outcome(got reply) (Grant, error) {
	switch {
	case got.ok():
		return a.grant(got.status, got.body)
	case got.status/100 == 3:
		// It was not followed, see redirects; a retry would get it again.
		return Grant{}, a.malformed(got.status, "Location", got.redirect)
	}
	return Grant{}, a.refusal(got.status, got.header)
}

// refusal returns what a status of 400 or more means.
func (a *asking) refusal(status int, h http.Header) error {
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status/100 == 5:
		// The backend has failed, or wants fewer requests. It has not decided about the channel.
		return &RetryError{Channel: a.request.Channel, Status: status, After: retryAfter(h), OnServer: a.onServer()}
	case status/100 == 4:
		// 401 and 403 are refusals. The others (404, 405, 415 …) say that the request is wrong,
		// which a retry would not change.
		reason := statusReason(status)
		if a.renewed && a.tokenExpired(status) {
			reason = strings.TrimPrefix(reason+", with a new token too", ", ")
		}
		return &DeniedError{Channel: a.request.Channel, Status: status, Reason: reason, OnServer: a.onServer()}
	}
	return a.malformed(status, "", "no status that HTTP has")
}

// statusReason returns what a status means, in words, or "" if that is not known.
func statusReason(status int) string {
	switch status { // not HTTP's own, but in use
	case 419:
		return "session expired"
	case 440:
		return "login timed out"
	case 498:
		return "invalid token"
	}
	return strings.ToLower(http.StatusText(status))
}

// grant reads a positive answer.
func (a *asking) grant(status int, answer []byte) (Grant, error) {
	if len(answer) > maxAnswer {
		return Grant{}, a.malformed(status, "", fmt.Sprintf("longer than %d bytes", maxAnswer))
	}
	answer = withoutBOM(answer)
	names := []string{"auth"}
	if a.request.Presence() {
		names = append(names, "channel_data") // signed on presence channels only
	}
	fields, twice, ok := readObject(answer, names...)
	switch {
	case !ok && validJSON(answer):
		return Grant{}, a.malformed(status, "", "not a JSON object")
	case !ok:
		return Grant{}, a.malformed(status, "", "not JSON")
	case twice != "":
		return Grant{}, a.malformed(status, twice, "appears twice")
	}
	var g Grant
	if g.Auth, ok = stringOf(fields["auth"]); !ok {
		return Grant{}, a.malformed(status, "auth", "not a string")
	}
	if g.ChannelData, ok = stringOf(fields["channel_data"]); !ok {
		return Grant{}, a.malformed(status, "channel_data", "not a string")
	}
	if err := g.Check(a.request); err != nil {
		if wrong, ok := errors.AsType[*AnswerError](err); ok {
			wrong.Status, wrong.OnServer = status, a.onServer()
		}
		return Grant{}, err
	}
	return g, nil
}

func (a *asking) malformed(status int, field, reason string) error {
	return &AnswerError{Channel: a.request.Channel, Status: status, Field: field, Reason: reason, OnServer: a.onServer()}
}

// failed decides what a failed request means. If the caller's context has ended, nothing was
// decided. Everything else (no connection, a broken one, a timeout, a certificate) may work at the
// next attempt.
func (a *asking) failed(parent context.Context, err error) error {
	if parent.Err() != nil {
		return ended(parent)
	}
	return &RetryError{Channel: a.request.Channel, OnServer: a.onServer(), Err: quiet(err, a.inUse())}
}

// tokenFailed decides what an error of the WithToken function means.
func (a *asking) tokenFailed(parent, ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return a.failed(parent, ctx.Err())
	}
	retry := &RetryError{Channel: a.request.Channel, OnServer: a.onServer()}
	if own, ok := errors.AsType[*RetryError](err); ok {
		retry.Status, retry.After = own.Status, min(max(own.After, 0), maxRetryAfter)
		retry.Err = fmt.Errorf("getting the token: %w", a.inUse().Error(err))
		return retry
	}
	// Most tokens come over a network, whose troubles pass.
	if _, ok := errors.AsType[net.Error](err); ok {
		retry.Err = fmt.Errorf("getting the token: %w", quiet(err, a.inUse()))
		return retry
	}
	return &DeniedError{Channel: a.request.Channel, Reason: "no token", Err: a.inUse().Error(err)}
}

func (a *asking) onServer() bool { return a.SameServer(a.request.Server) }

// retryAfter returns what the header asks for, in seconds or as a date, between 0 and
// maxRetryAfter.
func retryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // more than fit
			return maxRetryAfter
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // the backend's clock, which the other date is of, may not be ours
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}
