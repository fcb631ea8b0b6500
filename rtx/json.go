package rtx

import (
	stdjson "encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// payloadOptions keep what users of encoding/json expect, at the speed of its second version.
var payloadOptions = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false))

func marshalJSON(v any) ([]byte, error)      { return json.Marshal(v, payloadOptions) }
func unmarshalJSON(data []byte, v any) error { return json.Unmarshal(data, v, payloadOptions) }

// maxUserData bounds what is sent with each presence subscription.
const maxUserData = 64 << 10

func marshalUserData(v any) (stdjson.RawMessage, error) {
	data, err := marshalJSON(v)
	switch {
	case err != nil:
		return nil, fmt.Errorf("can't be encoded: %w", err)
	case len(data) == 0 || data[0] != '{':
		return nil, errors.New("must be a JSON object")
	case len(data) > maxUserData:
		return nil, fmt.Errorf("has %d bytes, at most %d", len(data), maxUserData)
	}
	return data, nil
}

// validJSON says whether data is one JSON value, within the codec's limits.
func validJSON(data []byte) bool { return engineio.ValidJSON(data, engineio.DefaultLimits) }
