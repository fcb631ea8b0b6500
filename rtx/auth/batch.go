package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A BatchAuthorizer is an Authorizer that can ask for several channels at once. The client uses it
// in place of Authorize where more than one channel needs a signature.
type BatchAuthorizer interface {
	Authorizer

	// Batch returns how long the client may wait for more channels before it asks for one, and for
	// how many it may ask at once. The client calls it before each question, and several goroutines
	// may do so at the same time. If most is less than 2, the client calls Authorize.
	Batch() (window time.Duration, most int)

	// AuthorizeBatch gets the signatures for several channels, at least one and at most as many as
	// Batch has returned. They are of one connection, each is there once, and those that have user
	// data all have the same. It returns one Outcome for each, in the same order. Otherwise the
	// contract is that of Authorize.
	AuthorizeBatch(ctx context.Context, rs []Request) []Outcome
}

// An Outcome is what AuthorizeBatch returns for one channel: what Authorize would have returned, or
// [ErrAlone].
type Outcome struct {
	Grant Grant
	Err   error // nil if the channel was granted
}

// ErrAlone is the Err of an [Outcome] if the batch decided nothing about the channel, and its
// signature must be asked for alone. The client then calls Authorize for it.
var ErrAlone = errors.New("auth: the channel must be asked for alone")

// The limits of a batch.
const (
	maxBatch       = 1000 // channels
	maxBatchWindow = 10 * time.Second
	maxBatchBody   = 60 << 10 // bytes of the request: Handler takes it by default
	maxBatchAnswer = 4 << 20  // bytes of the answer, which may also have maxAnswer for each channel at most
)

// WithBatch asks for up to most channels with one request. The client waits up to window for more
// channels before it asks for one. It does not wait once there are enough, and not at all if window
// is 0: then it asks for those that need a signature at the same moment, such as all channels after
// a reconnection. A wait for [WithConcurrency], which limits the requests and not the channels, is
// used to collect more. Channels whose user data differs are asked for separately.
//
// The request has an array of names where a request for one channel has one. The answer has an
// outcome for each name. This is what the batching add-on for pusher-js does; docs/auth.md shows
// the form, and [Handler] answers it. A refusal of one channel concerns no other. A channel that
// the answer leaves out is asked for alone.
//
// A backend need not know batches. If its answer is something else, it is asked for one of the
// channels alone. If that works, all channels are asked for alone for 5 minutes. Then a batch of
// two is tried, and a larger one after each that works. If a backend says by 413 that a batch is
// too large, the batch is halved and sent again. It is also halved, for the next time, if there is
// no answer within [WithTimeout], or the status is 504.
//
// window must be from 0 to 10 s, and most from 2 to 1000. 50 ms and 100, which is the most that
// Handler takes by default, suit most programs. Default: one request for each channel.
func WithBatch(window time.Duration, most int) EndpointOption {
	return endpointOption(func(b *backend) error {
		switch {
		case window < 0 || window > maxBatchWindow:
			return fmt.Errorf("WithBatch: a window of %v is not from 0 to %v", window, maxBatchWindow)
		case most < 2 || most > maxBatch:
			return fmt.Errorf("WithBatch: %d channels are not from 2 to %d", most, maxBatch)
		}
		b.window = window
		b.size.most, b.size.now = most, most
		return nil
	})
}

// Batch implements BatchAuthorizer.
func (b *backend) Batch() (window time.Duration, most int) { return b.window, b.size.get() }

// AuthorizeBatch implements BatchAuthorizer. It uses one slot of WithConcurrency.
func (b *backend) AuthorizeBatch(ctx context.Context, rs []Request) []Outcome {
	outs := make([]Outcome, len(rs))
	if len(rs) == 0 {
		return outs
	}
	release, err := b.acquire(ctx)
	if err != nil {
		failAll(rs, outs, err)
		return outs
	}
	defer release()
	b.askMany(ctx, rs, outs)
	return outs
}

// askMany asks for channels, and puts what came of it into outs.
func (b *backend) askMany(ctx context.Context, rs []Request, outs []Outcome) {
	if len(rs) == 1 {
		outs[0].Grant, outs[0].Err = b.askOne(ctx, rs[0])
		return
	}
	body, err := b.batchBody(rs)
	if err != nil { // the channels do not go together
		failAll(rs, outs, ErrAlone)
		return
	}
	if len(body) > maxBatchBody {
		b.askHalves(ctx, rs, outs)
		return
	}
	a := &asking{backend: b, request: rs[0], body: body, limit: min(len(rs)*maxAnswer, maxBatchAnswer)}
	got, err := a.ask(ctx)
	switch {
	case err != nil:
		if retry, ok := errors.AsType[*RetryError](err); ok && retry.Timeout() {
			b.size.lower(len(rs) / 2)
		}
		failAll(rs, outs, err)
	case got.status == http.StatusRequestEntityTooLarge, got.ok() && len(got.body) > a.limit:
		b.size.lower(len(rs) / 2)
		b.askHalves(ctx, rs, outs)
	case ofAll(got.status):
		if got.status == http.StatusGatewayTimeout {
			b.size.lower(len(rs) / 2)
		}
		for i, r := range rs {
			outs[i].Grant, outs[i].Err = a.about(r).outcome(got)
		}
	case got.ok() && a.take(ctx, got, rs, outs):
		b.size.took(len(rs))
	default:
		b.doubt(ctx, rs, outs)
	}
}

func (b *backend) askHalves(ctx context.Context, rs []Request, outs []Outcome) {
	half := len(rs) / 2
	b.askMany(ctx, rs[:half], outs[:half])
	b.askMany(ctx, rs[half:], outs[half:])
}

// ofAll reports whether a status says the same of every channel, whether or not the backend knows
// batches: who asks is not logged in, or the backend has no time for it.
func ofAll(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// doubt sees to a batch whose answer is none: the backend has failed, or knows no batches. The
// first channel, asked for alone, tells which.
func (b *backend) doubt(ctx context.Context, rs []Request, outs []Outcome) {
	g, err := b.askOne(ctx, rs[0])
	if _, failed := errors.AsType[*RetryError](err); failed || ctx.Err() != nil {
		failAll(rs, outs, err)
		return
	}
	if err == nil {
		b.size.lower(1)
	}
	failAll(rs, outs, ErrAlone)
	outs[0] = Outcome{g, err}
}

// failAll gives every channel the same error, with its own name in it.
func failAll(rs []Request, outs []Outcome, err error) {
	for i, r := range rs {
		outs[i] = Outcome{Err: ofChannel(err, r.Channel)}
	}
}

// ofChannel returns an error about one channel as the same error about another one.
func ofChannel(err error, channel string) error {
	switch e := err.(type) { //nolint:errorlint // what wraps more is passed on as it is
	case *DeniedError:
		own := *e
		own.Channel = channel
		return &own
	case *RetryError:
		own := *e
		own.Channel = channel
		return &own
	case *AnswerError:
		own := *e
		own.Channel = channel
		return &own
	}
	return err
}
