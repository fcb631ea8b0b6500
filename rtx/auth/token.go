package auth

import (
	"context"
	"errors"
)

// tokens is the bearer token of an Endpoint with WithToken. Requests that were refused at the same
// time get one new token.
type tokens struct {
	get func(ctx context.Context, refused bool) (string, error)

	// lock is held while a new token is asked for. It is a channel because the wait for it ends
	// with a context.
	lock    chan struct{}
	renewed uint64 // how many times a new token was got; under lock
	newest  string // the last of them; under lock
}

// A bearer is a token, with the number of renewals before it was asked for.
type bearer struct {
	token   string
	renewed uint64
}

var errToken = errors.New("the token is empty or has characters that a header can't have")

func newTokens(get func(ctx context.Context, refused bool) (string, error)) *tokens {
	return &tokens{get: get, lock: make(chan struct{}, 1)}
}

// current returns the present token. If a renewal is running, current waits for it, because the old
// token would be refused.
func (t *tokens) current(ctx context.Context) (bearer, error) {
	if err := t.acquire(ctx); err != nil {
		return bearer{}, err
	}
	renewed := t.renewed
	t.release()
	// The count is read before the token: a renewal in between makes the token look older than it
	// is, never newer.
	token, err := t.get(ctx, false)
	return bearer{token, renewed}, checkToken(token, err)
}

// renew returns a new token after old was refused. If another request has renewed the token since
// old was asked for, renew returns that one and does not ask again.
func (t *tokens) renew(ctx context.Context, old bearer) (bearer, error) {
	if err := t.acquire(ctx); err != nil {
		return bearer{}, err
	}
	defer t.release()
	if t.renewed != old.renewed && t.newest != old.token {
		return bearer{t.newest, t.renewed}, nil
	}
	token, err := t.get(ctx, true)
	if err := checkToken(token, err); err != nil {
		return bearer{token: token}, err // the error may quote it
	}
	t.renewed++
	t.newest = token
	return bearer{token, t.renewed}, nil
}

func (t *tokens) acquire(ctx context.Context) error {
	select {
	case t.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tokens) release() { <-t.lock }

func checkToken(token string, err error) error {
	if err == nil && (token == "" || !headerValue(token)) {
		return errToken
	}
	return err
}
