package rtx

import "context"

// A Hold keeps one channel subscribed until Release. [Channel.Subscribe] returns it; each call
// returns its own. The channel stays subscribed while it has any hold, stream or room. All methods
// may be called concurrently. A nil or zero Hold holds nothing.
type Hold struct {
	s          *subscription
	c          *Client
	generation uint64        // the subscription's, when the hold was made
	done       chan struct{} // closed at the end
	err        error         // why it ended, under the client's lock; nil for Release
}

// Subscribe holds the channel, waits until the service has confirmed the subscription, and returns
// the hold. Release the hold when the channel is no longer needed. If the client is not connected,
// Subscribe waits for the connection too. Concurrent calls share one request to the service, and
// each gets its own hold. If the channel is confirmed already, Subscribe returns at once, even if
// ctx has ended.
//
// It returns a [*SubscribeError] if the channel was refused, [ErrUnsubscribed] if
// [Client.ForceUnsubscribe] ended the wait, an [*OptionError] if the channel is held with other
// user data or another authorizer, [ErrClosed] if the client has ended, or a [*WaitError] if ctx
// ended first. Then the Hold is nil and nothing is held. The next call asks the service again.
func (ch *Channel) Subscribe(ctx context.Context) (*Hold, error) {
	c, err := ch.client()
	if err == nil {
		err = checkContext(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if err := ch.usableLocked(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	s := c.subscriptionLocked(ch)
	c.machine.Hold(&s.Channel)
	h := &Hold{c: c, s: s, generation: s.Generation(), done: make(chan struct{})}
	if s.holds == nil {
		s.holds = new(ordered[*Hold])
	}
	s.holds.add(h)
	c.decideAndUnlock()
	if err := c.await(ctx, s, h.generation, nil); err != nil {
		h.Release()
		return nil, err
	}
	return h, nil
}

// Release gives up this hold. If nothing else holds the channel, the client unsubscribes from it,
// after the time that [WithLeaveGrace] sets. Release does not block. It may be called any number of
// times, also after the hold has ended.
func (h *Hold) Release() {
	if !h.made() {
		return
	}
	h.c.mu.Lock()
	if h.s.holds.has(h) {
		h.s.holds.remove(h)
		close(h.done)
		h.c.releaseLocked(h.s, h.generation)
	}
	h.c.decideAndUnlock()
}

// Done returns a channel that is closed when the hold has ended. A hold ends by Release, because
// the service refused the channel later, by [Client.ForceUnsubscribe], or with the client; Err says
// which. A lost connection does not end it.
func (h *Hold) Done() <-chan struct{} {
	if !h.made() {
		return closedChannel
	}
	return h.done
}

// Err returns nil while the hold lasts and after Release. Otherwise it returns why the hold ended:
// a [*SubscribeError], [ErrUnsubscribed], [ErrClosed], or the service's refusal of the client.
func (h *Hold) Err() error {
	if !h.made() {
		return errNoHold
	}
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	return h.err
}

// made reports whether Subscribe made the hold.
func (h *Hold) made() bool { return h != nil && h.c != nil }

// ForceUnsubscribe unsubscribes from the channel with that name, and ends everything on this client
// that holds it, whoever opened it. It does what unsubscribe does in the other SDKs. It ends
//
//   - every stream and every room on the channel, with ErrUnsubscribed;
//   - every Hold of the channel, with ErrUnsubscribed;
//   - every call of Subscribe that waits for it, with ErrUnsubscribed;
//   - the channel's part in the open streams of groups: they get a Gap with Ended. A stream that
//     has no other channel ends.
//
// The channel stays a member of its groups. Their Add, or a new stream on them, subscribes to it
// again. The service is told at once, without a leave grace. If there is no connection, the next
// one does not subscribe to the channel.
//
// A component that only gives up its own interest in the channel should release its Hold and close
// its streams instead.
//
// ForceUnsubscribe returns [ErrChannelName] for a name that no channel can have, and [ErrClosed] or
// the refusal after the client's end. Otherwise it returns nil, also if nothing holds the channel.
// It does not block.
func (c *Client) ForceUnsubscribe(channel string) error {
	if !c.made() {
		return errNoClient
	}
	if err := checkChannelName(channel); err != nil {
		return err
	}
	c.mu.Lock()
	if c.ended {
		defer c.mu.Unlock()
		return c.endErrLocked()
	}
	if s := c.subs[channel]; s != nil {
		c.machine.Evict(&s.Channel, ErrUnsubscribed)
	}
	c.decideAndUnlock()
	return nil
}
