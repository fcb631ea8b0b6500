package testserver

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
)

// devRoutes is the HTTP face: what tests do by method, for other languages and for people.
func (s *Server) devRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /dev/trigger", s.devTrigger)
	mux.HandleFunc("POST /dev/auth", s.devAuth)
	mux.HandleFunc("POST /dev/disconnect", s.devDisconnect)
	mux.HandleFunc("GET /dev/stats", s.devStats)
	mux.HandleFunc("GET /dev/channels", s.devChannels)
	return mux
}

const maxDevBody = 16 << 20

// devTrigger publishes {"channel","event","data"} and answers {"subscribers":n}.
func (s *Server) devTrigger(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Channel string          `json:"channel"`
		Event   string          `json:"event"`
		Data    json.RawMessage `json:"data"`
	}
	if !readDev(w, r, &body) {
		return
	}
	if body.Channel == "" || body.Event == "" {
		devError(w, http.StatusBadRequest, errors.New("channel and event are required"))
		return
	}
	if body.Data == nil {
		body.Data = json.RawMessage("null")
	}
	encoded, err := encodeEvent(body.Event, body.Data)
	switch {
	case errors.Is(err, ErrReservedName):
		devError(w, http.StatusBadRequest, err)
		return
	case err != nil:
		devError(w, http.StatusBadRequest, errors.New("data can't be encoded"))
		return
	}
	_, n := s.publish(body.Channel, body.Event, encoded, nil)
	devAnswer(w, http.StatusOK, payload{"subscribers": n})
}

// devAuth is an auth backend that lets everybody in.
func (s *Server) devAuth(w http.ResponseWriter, r *http.Request) {
	if !isJSON(w, r) {
		return
	}
	req, err := readAuthRequest(w, r)
	if err != nil {
		devError(w, http.StatusBadRequest, errors.New(`want {"socket_id","channel_name"}`))
		return
	}
	grant, err := s.grant(req)
	if err != nil {
		devError(w, http.StatusBadRequest, err)
		return
	}
	devAnswer(w, http.StatusOK, grant)
}

// devDisconnect ends the connection {"socket_id"}, or all of them, by {"how"}: reset (default),
// close or disconnect.
func (s *Server) devDisconnect(w http.ResponseWriter, r *http.Request) {
	var body struct {
		SocketID string `json:"socket_id"`
		How      string `json:"how"`
	}
	if !readDev(w, r, &body) {
		return
	}
	how, ok := map[string]Drop{"": Reset, "reset": Reset, "close": CloseFrame, "disconnect": Disconnect}[body.How]
	if !ok {
		devError(w, http.StatusBadRequest, errors.New("how: want reset, close or disconnect"))
		return
	}
	n := 0
	if body.SocketID == "" {
		n = s.DropAll(how)
	} else if c := s.Connection(body.SocketID); c != nil {
		c.Drop(how)
		n = 1
	}
	devAnswer(w, http.StatusOK, payload{"disconnected": n})
}

func (s *Server) devStats(w http.ResponseWriter, _ *http.Request) {
	devAnswer(w, http.StatusOK, s.Stats())
}

// readDev reads the body as JSON; an empty one is {}. It reports false when it has answered.
func readDev(w http.ResponseWriter, r *http.Request, into any) bool {
	if r.ContentLength == 0 {
		return true
	}
	if !isJSON(w, r) {
		return false
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDevBody)).Decode(into)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		devError(w, http.StatusRequestEntityTooLarge, errors.New("body too large"))
		return false
	}
	if err != nil {
		devError(w, http.StatusBadRequest, errors.New("body is not the JSON object that is wanted"))
		return false
	}
	return true
}

// isJSON checks that the body is said to be JSON, as no page can say without asking first. It
// reports false when it has answered.
func isJSON(w http.ResponseWriter, r *http.Request) bool {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && t == "application/json" {
		return true
	}
	devError(w, http.StatusUnsupportedMediaType, errors.New("want JSON, and the header Content-Type: application/json"))
	return false
}

func devError(w http.ResponseWriter, status int, err error) {
	devAnswer(w, status, payload{"error": err.Error()})
}

func devAnswer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(encode(v), '\n'))
}
