package sioserver

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// HTTPError is a refused HTTP request, answered as JSON: {"code":N,"message":"…"}.
type HTTPError struct {
	Status     int
	Code       int
	Message    string
	RetryAfter string // the header, if it is not empty
}

// The refusals of the Engine.IO handshake, with the codes that its reference server gives.
var (
	errTransportUnknown = &HTTPError{Status: http.StatusBadRequest, Code: 0, Message: "Transport unknown"}
	errSessionUnknown   = &HTTPError{Status: http.StatusBadRequest, Code: 1, Message: "Session ID unknown"}
	errHandshakeMethod  = &HTTPError{Status: http.StatusBadRequest, Code: 2, Message: "Bad handshake method"}
	errBadRequest       = &HTTPError{Status: http.StatusBadRequest, Code: 3, Message: "Bad request"}
	errProtocolVersion  = &HTTPError{Status: http.StatusBadRequest, Code: 5, Message: "Unsupported protocol version"}
	errClosing          = &HTTPError{Status: http.StatusServiceUnavailable, Code: 3, Message: "Server closed"}
)

// Forbidden is the refusal of a request that may not be made from where it comes.
func Forbidden(why string) *HTTPError {
	return &HTTPError{Status: http.StatusForbidden, Code: 4, Message: why}
}

func (e *HTTPError) Error() string { return "sioserver: " + strconv.Itoa(e.Status) + " " + e.Message }

// Write answers the request with the error.
func (e *HTTPError) Write(w http.ResponseWriter) {
	body, err := json.Marshal(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	if err != nil { // a struct of an int and a string always encodes
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	if e.RetryAfter != "" {
		w.Header().Set("Retry-After", e.RetryAfter)
	}
	w.WriteHeader(e.Status)
	w.Write(body)
}
