package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Sample is a value at a time.
type Sample struct {
	At    time.Time
	Value float64
}

// UnmarshalJSON reads a pair of Prometheus' API: seconds, and a value as a text.
func (s *Sample) UnmarshalJSON(data []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(data, &[]any{&seconds, &value}); err != nil {
		return err
	}
	s.At = time.UnixMilli(int64(seconds * 1000))
	var err error
	s.Value, err = strconv.ParseFloat(value, 64)
	return err
}

// A Series is one series of an answer.
type Series struct {
	Labels  map[string]string `json:"metric"`
	Value   Sample            // of Query
	Samples []Sample          `json:"values"` // of QueryRange
}

// Query asks for the value of an expression, which is a vector, now.
func (s *Server) Query(ctx context.Context, expression string) ([]Series, error) {
	return s.query(ctx, "/api/v1/query", url.Values{"query": {expression}})
}

// QueryRange asks for the values of an expression between two times.
func (s *Server) QueryRange(ctx context.Context, expression string, from, to time.Time, step time.Duration) ([]Series, error) {
	return s.query(ctx, "/api/v1/query_range", url.Values{
		"query": {expression}, "start": {from.UTC().Format(time.RFC3339Nano)}, "end": {to.UTC().Format(time.RFC3339Nano)},
		"step": {strconv.FormatFloat(step.Seconds(), 'f', 3, 64)},
	})
}

func (s *Server) query(ctx context.Context, path string, values url.Values) ([]Series, error) {
	data, err := s.get(ctx, path, values)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, err
	}
	if kind := answer.Data.ResultType; kind != "vector" && kind != "matrix" {
		return nil, fmt.Errorf("prometheus: %s: the result is a %s", values.Get("query"), kind)
	}
	var found []Series
	return found, json.Unmarshal(answer.Data.Result, &found)
}

// get makes one request. An answer that is no success is an error with what it says.
func (s *Server) get(ctx context.Context, path string, values url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path+"?"+values.Encode(), nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true} // no goroutine outlives the request
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("prometheus: %s: status %d: %s", values.Get("query"), resp.StatusCode, data)
	}
	return data, err
}
