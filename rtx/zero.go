package rtx

import (
	"context"
	"errors"
)

// What was not made by its constructor. Zero values and nil pointers of the exported types that stand for something (Client,
// Channel, Group, Stream) do nothing and say so: their methods return one of these errors where they return an error, end the
// streams that they return with it, and never panic with a lock held. A zero Group is an empty one.

var (
	errNilContext = errors.New("rtx: context is nil")
	errNoClient   = errors.New("rtx: client is nil or was not made by New")
	errNoChannel  = errors.New("rtx: channel is nil or was not made by Client.Channel")
	errNilGroup   = errors.New("rtx: group is nil")
	errNoStream   = errors.New("rtx: stream is nil or was not opened, by On for one")
	errNoSource   = errors.New("rtx: source is nil")
	errEmptyGroup = errors.New("rtx: a group that never had a channel has no client: Add one first")
)

func checkContext(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	return nil
}

// made reports whether New made the client.
func (c *Client) made() bool { return c != nil && c.cfg != nil }

// check says why a call can't be made on the client, if so.
func (c *Client) check(ctx context.Context) error {
	if !c.made() {
		return errNoClient
	}
	return checkContext(ctx)
}

// client returns the channel's.
func (ch *Channel) client() (*Client, error) {
	switch {
	case ch == nil || ch.c == nil && ch.name == "":
		return nil, errNoChannel
	case !ch.c.made():
		return nil, errNoClient
	}
	return ch.c, nil
}

// opened reports whether there is something behind the stream.
func (s *Stream[T]) opened() bool { return s != nil && s.owner != nil }

// sourceFault says why src can't be a stream's source, if so.
func sourceFault(src Source) error {
	switch s := src.(type) {
	case *Channel:
		_, err := s.client()
		return err
	case *Group:
		switch {
		case s == nil:
			return errNilGroup
		case s.err != nil:
			return s.err
		case s.owner() == nil:
			return errEmptyGroup
		}
	case *Client:
		if !s.made() {
			return errNoClient
		}
	case nil:
		return errNoSource
	}
	return nil
}
