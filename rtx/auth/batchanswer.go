package auth

import "net/http"

// A channelAnswer is the part of one channel in the answer to a batch.
type channelAnswer struct {
	Status int    `json:"status"`
	Data   *Grant `json:"data,omitzero"`
	Error  string `json:"error,omitzero"`
}

// serveBatch answers a request for several channels.
func (h *handler) serveBatch(w http.ResponseWriter, r *http.Request, q question) {
	answers := make(map[string]channelAnswer, len(q.channels))
	unauthenticated := 0
	for _, channel := range q.channels {
		if r.Context().Err() != nil { // nobody waits for the rest
			refuse(w, &refusal{http.StatusServiceUnavailable, "the request has ended"})
			return
		}
		g, no := h.serve(r, q, channel)
		if no == nil {
			answers[channel] = channelAnswer{Status: http.StatusOK, Data: &g}
			continue
		}
		answers[channel] = channelAnswer{Status: no.status, Error: no.reason}
		if no.status == http.StatusUnauthorized {
			unauthenticated++
		}
	}
	if unauthenticated == len(answers) {
		refuse(w, &refusal{http.StatusUnauthorized, "not logged in"})
		return
	}
	answer(w, http.StatusOK, answers)
}
