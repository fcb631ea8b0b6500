package console

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxBody bounds the body of a request, in bytes.
	maxBody = 1 << 20
	// writeTime is how long a write to a client may stand still.
	writeTime = 10 * time.Second
	// maxWords bounds words of a request that an error repeats, in bytes.
	maxWords = 200
)

// problem is the body of every answer that is an error.
type problem struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// fail answers with an error. code is one of those in openapi.yaml.
func fail(w http.ResponseWriter, status int, code, message string) {
	var p problem
	p.Error.Code, p.Error.Message = code, message
	answer(w, status, p)
}

// bad answers 400: what was asked for can't be done as it stands.
func bad(w http.ResponseWriter, message string) {
	fail(w, http.StatusBadRequest, "bad_request", message)
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"the answer can't be encoded"}}`)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)) // none is set where there is no connection
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // who has gone needs no answer
}

// readJSON reads the body as a JSON object of known fields. It reports false when it has answered.
// A form of another site can't say that it is JSON.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "not_json", "want JSON, and the header Content-Type: application/json")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body is larger than "+strconv.Itoa(maxBody)+" bytes")
		return false
	}
	if err != nil {
		bad(w, "the body is not the JSON object that is wanted: "+words(err.Error()))
		return false
	}
	return true
}

// words shortens a text and takes out what a terminal would act on.
func words(text string) string {
	b := make([]byte, 0, min(len(text), maxWords))
	for i := 0; i < len(text) && len(b) < maxWords; i++ {
		if text[i] >= ' ' && text[i] < 0x7f {
			b = append(b, text[i])
		} else {
			b = append(b, '?')
		}
	}
	return string(b)
}

// number reads a number of the query; what is not there is otherwise. It reports false when it has
// answered.
func number(w http.ResponseWriter, r *http.Request, name string, otherwise, least, most int64) (int64, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		bad(w, name+": want a number from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
		return 0, false
	}
	return n, true
}
