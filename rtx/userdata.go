package rtx

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// A UserDataOption is the result of [WithUserData]. It can be given to [New] and to
// [Client.Channel].
type UserDataOption interface {
	Option
	ChannelOption
}

type userDataOption func() (json.RawMessage, error)

// WithUserData sets who the user is on presence channels: {"user_id":…,"user_info":…} or any other
// JSON object. It is sent to the auth endpoint. It is also the channel data if the endpoint's
// answer has none. Default: none.
//
// Given to New, it is for every presence channel. Given to Client.Channel, it is for that channel
// and replaces the client's. A channel has one user data at a time: that of the handle by which it
// was first held, as long as something holds it. Holding it through a handle with other user data
// meanwhile is an [*OptionError]. A handle without user data uses the channel's. If a channel is
// held again with other user data during its leave grace ([WithLeaveGrace]), the client
// unsubscribes from it first.
//
// A value that can't be encoded as a JSON object of at most 64 KiB is an [*OptionError], and so is
// the option on a channel that is not a presence channel. New returns that error; for a channel,
// whatever would hold it does: Subscribe, On, a group or a room.
func WithUserData(v any) UserDataOption {
	return userDataOption(func() (json.RawMessage, error) { return encodeUserData(v) })
}

func (o userDataOption) applyClient(c *config) (err error) {
	c.userData, err = o()
	return err
}

func (o userDataOption) applyChannel(ch *Channel) (err error) {
	if ch.userData, err = o(); err != nil {
		return err
	}
	if ch.kind != presence {
		return badOption("WithUserData", "%q is no presence channel: nobody would see it", ch.name)
	}
	return nil
}

func encodeUserData(v any) (json.RawMessage, error) {
	data, err := marshalUserData(v)
	if err != nil {
		return nil, badOption("WithUserData", "%v", err)
	}
	return data, nil
}

// maxUserData is the largest size of user data in bytes. It is sent with each presence
// subscription.
const maxUserData = 64 << 10

func marshalUserData(v any) (json.RawMessage, error) {
	data, err := marshalJSON(v)
	switch {
	case err != nil:
		return nil, fmt.Errorf("can't be encoded: %w", err)
	case len(data) == 0 || data[0] != '{':
		return nil, errors.New("must be a JSON object")
	case len(data) > maxUserData:
		return nil, fmt.Errorf("has %d bytes, at most %d", len(data), maxUserData)
	}
	if id, ok := engineio.Member(data, "user_id"); ok && !survives(id) {
		return nil, errors.New("has a number for user_id that a service written in JavaScript can't keep: make it a string")
	}
	return data, nil
}

// maxSafeNumber is 2^53. Past it a JavaScript number can't tell one integer from the next.
const maxSafeNumber = 1 << 53

// survives reports whether a JSON value, if it is a number, stays the same text after a JavaScript
// program has read and written it. Members are told apart by that text.
func survives(value []byte) bool {
	if value[0] != '-' && value[0]-'0' > 9 {
		return true
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || math.Abs(f) > maxSafeNumber {
		return false
	}
	again, err := json.Marshal(f + 0) // in JavaScript's format; -0 is 0 there
	return err == nil && string(again) == string(value)
}
