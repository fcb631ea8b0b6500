package presence

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxInfo  = 64 << 10 // bytes of a user_info; as much as a client may send of itself
	maxDepth = 512      // levels of nesting of a user_info
)

// wireOptions accept what other JSON decoders accept. Half a surrogate pair is U+FFFD.
var wireOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// An info is nil if the service sent none, and refused if it exceeds a limit or is not JSON.
var (
	refused    = []byte{}
	errRefused = fmt.Errorf("info is longer than %d bytes, nested deeper than %d levels, or no JSON", maxInfo, maxDepth)
)

func isRefused(info []byte) bool { return info != nil && len(info) == 0 }

// judge returns the info if it can be kept, and refused otherwise.
func judge(info []byte) []byte {
	if info == nil || len(info) <= maxInfo && nesting(info) <= maxDepth && jsontext.Value(info).IsValid(wireOptions) {
		return info
	}
	return refused
}

func nesting(v []byte) int {
	_, depth := skip(v, 0)
	return depth
}

// sameInfo reports whether two infos that judge returned are equal as JSON values. Numbers are
// compared as they are written, so that no digit is lost.
func sameInfo(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b) && (a == nil) == (b == nil)
	}
	if bytes.Equal(a, b) {
		return true
	}
	x, y := jsontext.Value(bytes.Clone(a)), jsontext.Value(bytes.Clone(b))
	return normalise(&x) == nil && normalise(&y) == nil && bytes.Equal(x, y)
}

func normalise(v *jsontext.Value) error {
	return v.Format(wireOptions, jsontext.ReorderRawObjects(true), jsontext.SpaceAfterColon(false), jsontext.SpaceAfterComma(false), jsontext.Multiline(false))
}
