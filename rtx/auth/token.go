package auth

import (
	"context"
	"errors"
)

// tokens is the bearer of an Endpoint with a Token: it sees to it that requests refused together refresh it once.
type tokens struct {
	get func(ctx context.Context, refused bool) (string, error)

	// lock is held while a new token is asked for. A channel, because waiting for it must heed a context.
	lock    chan struct{}
	renewed uint64 // how many times a new token was got; under lock
	newest  string // the last of them; under lock
}

// A bearer is a token, and how many renewals there had been before it was asked for.
type bearer struct {
	token   string
	renewed uint64
}

var errToken = errors.New("the token is empty or can't be a bearer")

func newTokens(get func(ctx context.Context, refused bool) (string, error)) *tokens {
	return &tokens{get: get, lock: make(chan struct{}, 1)}
}

// current returns the token that is held now. It waits for a renewal that is under way, which would refuse an older one.
func (t *tokens) current(ctx context.Context) (bearer, error) {
	if err := t.acquire(ctx); err != nil {
		return bearer{}, err
	}
	renewed := t.renewed
	t.release()
	// The count is read before the token: a renewal in between makes the token look older than it is, never newer.
	token, err := t.get(ctx, false)
	return bearer{token, renewed}, checkToken(token, err)
}

// renew returns a token in place of a refused one. If another request renewed it since old was asked for, that is the one;
// it is not asked for again.
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
