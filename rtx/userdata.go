package rtx

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// maxUserData bounds what is sent with each presence subscription.
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

// survives says whether a JSON value, if it is a number, is the same number, written alike, once a JavaScript program has read it
// and writes it again. Members are told apart by what is written.
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
