package rtx

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// ErrTooDeep is the Err of a [PayloadError] whose payload is nested deeper than [WithMaxDepth] allows.
var ErrTooDeep = errors.New("payload is nested deeper than WithMaxDepth allows")

// errBroken says that a payload is not JSON.
var errBroken = errors.New("payload is not valid JSON")

// decoderDepth is how deep both decoders follow a payload, and the most that WithMaxDepth takes.
const decoderDepth = 10_000

// A codec is how payloads become values. Which decoder a type has is settled once, when its stream opens.
type codec struct {
	own      func(data []byte, v any) error // of WithJSON; nil for the library's own
	maxDepth int
}

// unmarshaler returns the decoder of payloads of type t: for ordinary types the second version of encoding/json, which is several
// times as fast, and for all others encoding/json itself.
func (c codec) unmarshaler(t reflect.Type) func(data []byte, v any) error {
	switch {
	case c.own != nil:
		return c.own
	case ordinary(t):
		return unmarshalJSON
	}
	return stdjson.Unmarshal
}

// unmarshal decodes data into v, a pointer, for who has no stream: a room.
func (c codec) unmarshal(data []byte, v any) error {
	if c.judges(data) {
		if err := judge(data, c.maxDepth); err != nil {
			return err
		}
	}
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		return c.unmarshaler(t.Elem())(data, v)
	}
	return c.unmarshaler(reflect.TypeFor[any]())(data, v)
}

// strict says that the decoder alone does not keep to the rules: one of the user's own, which may be lenient, or the limit of
// depth is below the decoders'.
func (c codec) strict() bool { return c.own != nil || c.maxDepth < decoderDepth }

// judges says whether data must be judged before it is decoded. A level takes two bytes at least.
func (c codec) judges(data []byte) bool {
	return c.own != nil || c.maxDepth < decoderDepth && len(data) > 2*c.maxDepth
}

// judge says what is wrong with a payload, whatever it is decoded into: errBroken, ErrTooDeep, or nothing.
func judge(data []byte, maxDepth int) error {
	switch {
	case engineio.ValidJSON(data, engineio.Limits{Depth: maxDepth}):
		return nil
	case validJSON(data):
		return fmt.Errorf("%w: %d levels", ErrTooDeep, maxDepth)
	}
	return errBroken
}

// validJSON says whether data is one JSON value.
func validJSON(data []byte) bool { return engineio.ValidJSON(data, engineio.Limits{}) }

// payloadOptions make the second version of encoding/json decode as the first one does. For types that are not ordinary they do
// not go all the way.
var payloadOptions = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

func unmarshalJSON(data []byte, v any) error { return json.Unmarshal(data, v, payloadOptions) }

// marshalJSON is encoding/json itself: an interface in v can hold a value of any type, so that v's own type settles nothing, and
// the second version is hardly faster here.
func marshalJSON(v any) ([]byte, error) { return stdjson.Marshal(v) }
