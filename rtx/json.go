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

// ErrTooDeep means that a payload is nested deeper than WithMaxDepth allows. It is the Err of a
// [PayloadError].
var ErrTooDeep = errors.New("payload is nested deeper than WithMaxDepth allows")

// errBroken says that a payload is not JSON.
var errBroken = errors.New("payload is not valid JSON")

// decoderDepth is the depth limit of both decoders, and the maximum of WithMaxDepth.
const decoderDepth = 10_000

// A codec decodes payloads. The decoder for a type is chosen once, when a stream opens.
type codec struct {
	own      func(data []byte, v any) error // of WithJSON; nil for the library's own
	maxDepth int
}

// unmarshaler returns the decoder for payloads of type t: the second version of encoding/json for
// ordinary types, because it is several times as fast, and encoding/json for all others.
func (c codec) unmarshaler(t reflect.Type) func(data []byte, v any) error {
	switch {
	case c.own != nil:
		return c.own
	case ordinary(t):
		return unmarshalJSON
	}
	return stdjson.Unmarshal
}

// unmarshal decodes data into v, which is a pointer. It is for rooms, which have no stream.
func (c codec) unmarshal(data []byte, v any) error {
	if c.judges(data) {
		if err := judge(data, c.maxDepth); err != nil {
			return err
		}
	}
	into := reflect.TypeFor[any]()
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		into = t.Elem()
	}
	if err := c.unmarshaler(into)(data, v); err != nil {
		return readable(err)
	}
	return nil
}

// strict reports whether the payload must be judged before it is decoded, because the decoder may
// be more lenient: it is the user's own, or the depth limit is below the decoders'.
func (c codec) strict() bool { return c.own != nil || c.maxDepth < decoderDepth }

// judges reports whether data must be judged before it is decoded. Each level takes at least two
// bytes.
func (c codec) judges(data []byte) bool {
	return c.own != nil || c.maxDepth < decoderDepth && len(data) > 2*c.maxDepth
}

// judge returns what is wrong with a payload whatever it is decoded into: errBroken, ErrTooDeep or
// nil.
func judge(data []byte, maxDepth int) error {
	switch {
	case engineio.ValidJSON(data, engineio.Limits{Depth: maxDepth}):
		return nil
	case validJSON(data):
		return fmt.Errorf("%w: %d levels", ErrTooDeep, maxDepth)
	}
	return errBroken
}

// validJSON reports whether data is one JSON value.
func validJSON(data []byte) bool { return engineio.ValidJSON(data, engineio.Limits{}) }

// payloadOptions make the second version of encoding/json decode as the first one does. That is
// only complete for ordinary types.
var payloadOptions = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

func unmarshalJSON(data []byte, v any) error { return json.Unmarshal(data, v, payloadOptions) }

// marshalJSON uses encoding/json's first version. v may contain an interface with a value of any
// type, so v's own type does not say whether both versions encode it alike. The second version is
// hardly faster here.
func marshalJSON(v any) ([]byte, error) { return stdjson.Marshal(v) }
