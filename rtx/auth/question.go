package auth

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// A question is what a Handler is asked.
type question struct {
	socketID string
	userData stdjson.RawMessage
	channels []string // at least one, each once; the names are not checked
	batch    bool     // the answer is one for several channels, even if there is only one
	body     []byte   // what was read
}

// read reads a request, and checks everything that needs no decision and concerns all channels.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (question, *refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return question{}, &refusal{http.StatusMethodNotAllowed, "the method must be POST"}
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != jsonType && mediaType != formType {
		return question{}, &refusal{http.StatusUnsupportedMediaType, "the content type must be " + jsonType + " or " + formType}
	}
	if mediaType == formType && h.crossOrigin(r) {
		return question{}, &refusal{http.StatusForbidden, "forms of another origin are not allowed"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.maxBody)))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return question{}, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", h.maxBody)}
	}
	if err != nil {
		return question{}, &refusal{http.StatusBadRequest, "the body is incomplete"}
	}
	body = withoutBOM(body)
	read := readJSON
	if mediaType == formType {
		read = readForm
	}
	q, fault := read(body)
	if fault != "" {
		return question{}, &refusal{http.StatusBadRequest, fault}
	}
	if fault := socketFault(q.socketID); fault != "" {
		return question{}, &refusal{http.StatusBadRequest, "socket_id: " + fault}
	}
	if q.channels = distinct(q.channels); len(q.channels) == 0 {
		return question{}, &refusal{http.StatusBadRequest, "channel_name: missing"}
	}
	if len(q.channels) > h.maxBatch {
		return question{}, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d channels", h.maxBatch)}
	}
	q.body = body
	return q, nil
}

// distinct returns the names without repetitions, in their order.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		twice := seen[name]
		seen[name] = true
		return twice
	})
}

// readJSON reads a question. fault is why it can't be read, or "".
func readJSON(body []byte) (q question, fault string) {
	const noRequest = "the body must be a JSON object with the strings socket_id and channel_name"
	fields, twice, ok := readObject(body, "socket_id", "channel_name", "user_data")
	switch {
	case !ok:
		return question{}, noRequest
	case twice != "":
		return question{}, twice + " appears twice"
	}
	if q.socketID, ok = stringOf(fields["socket_id"]); !ok {
		return question{}, noRequest
	}
	names := fields["channel_name"]
	if q.batch = names.Kind() == '['; q.batch {
		var list []*string // a null is no name
		if json.Unmarshal(names, &list, lenient) != nil || slices.Contains(list, nil) {
			return question{}, "channel_name must be a string or an array of strings"
		}
		for _, name := range list {
			q.channels = append(q.channels, *name)
		}
	} else {
		name, ok := stringOf(names)
		if !ok {
			return question{}, noRequest
		}
		q.channels = []string{name}
	}
	q.userData = stdjson.RawMessage(fields["user_data"])
	return q, ""
}

// readForm reads a question that is a form.
func readForm(body []byte) (q question, fault string) {
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return question{}, "the body must be a form with socket_id and channel_name"
	}
	for _, name := range []string{"socket_id", "channel_name", "user_data"} {
		if len(fields[name]) > 1 {
			return question{}, name + " appears twice"
		}
	}
	q.socketID, q.channels = fields.Get("socket_id"), []string{fields.Get("channel_name")}
	list, fault := readList(fields)
	if fault != "" {
		return question{}, fault
	}
	if q.batch = len(list) > 0; q.batch {
		if fields.Has("channel_name") {
			return question{}, "channel_name appears twice"
		}
		q.channels = list
	}
	if data := fields.Get("user_data"); data != "" {
		if !validJSON([]byte(data)) {
			return question{}, "user_data: not JSON text"
		}
		q.userData = stdjson.RawMessage(data)
	}
	return q, ""
}

// readList returns the names in the fields channel_name[0], channel_name[1] and so on, in the order
// of their numbers, and then those in channel_name[].
func readList(fields url.Values) (names []string, fault string) {
	var numbers []int
	for field, values := range fields {
		index, ok := strings.CutPrefix(field, "channel_name[")
		if !ok {
			continue
		}
		index, ok = strings.CutSuffix(index, "]")
		switch n, err := strconv.ParseUint(index, 10, 31); {
		case ok && index == "":
		case !ok || err != nil || strconv.FormatUint(n, 10) != index:
			return nil, "channel_name must have numbers between its brackets, or nothing"
		case len(values) > 1:
			return nil, field + " appears twice"
		default:
			numbers = append(numbers, int(n))
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		names = append(names, fields.Get(fmt.Sprintf("channel_name[%d]", n)))
	}
	names = append(names, fields["channel_name[]"]...)
	for i, name := range names { // a name in the answer must be Unicode
		names[i] = strings.ToValidUTF8(name, "\ufffd")
	}
	return names, ""
}
