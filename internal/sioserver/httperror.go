package sioserver

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// HTTPError is a refused HTTP request, answered as JSON: {"code":N,"message":"…"}.
type HTTPError struct {
	Status  int
	Code    int
	Message string
}

// The refusals of the Engine.IO handshake, with the codes that its reference server gives.
var (
	errTransportUnknown = &HTTPError{http.StatusBadRequest, 0, "Transport unknown"}
	errSessionUnknown   = &HTTPError{http.StatusBadRequest, 1, "Session ID unknown"}
	errHandshakeMethod  = &HTTPError{http.StatusBadRequest, 2, "Bad handshake method"}
	errBadRequest       = &HTTPError{http.StatusBadRequest, 3, "Bad request"}
	errProtocolVersion  = &HTTPError{http.StatusBadRequest, 5, "Unsupported protocol version"}
	errTooLarge         = &HTTPError{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	errClosing          = &HTTPError{http.StatusServiceUnavailable, 3, "Server closed"}
)

// Forbidden is the refusal of a request that may not be made from where it comes.
func Forbidden(why string) *HTTPError { return &HTTPError{http.StatusForbidden, 4, why} }

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
	w.WriteHeader(e.Status)
	w.Write(body)
}
