package auth

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

var errMixed = errors.New("auth: channels of several connections or users")

// batchBody returns the JSON or the form that asks for several channels. It returns errMixed if
// they are of several connections, or have different user data.
func (b *backend) batchBody(rs []Request) ([]byte, error) {
	asked := struct {
		SocketID string             `json:"socket_id"`
		Channels []string           `json:"channel_name"`
		UserData stdjson.RawMessage `json:"user_data,omitzero"`
	}{SocketID: rs[0].SocketID}
	told := false // whose user data it is
	for _, r := range rs {
		asked.Channels = append(asked.Channels, r.Channel)
		if r.SocketID != asked.SocketID || r.Presence() && told && string(r.UserData) != string(asked.UserData) {
			return nil, errMixed
		}
		if r.Presence() && !told {
			asked.UserData, told = r.UserData, true
		}
	}
	if len(asked.UserData) == 0 {
		asked.UserData = nil
	}
	if asked.UserData != nil && !validJSON(asked.UserData) {
		return nil, errUserData
	}
	if b.form {
		form := url.Values{"socket_id": {asked.SocketID}}
		for i, name := range asked.Channels {
			form.Set("channel_name["+strconv.Itoa(i)+"]", name)
		}
		return b.formBody(form, asked.UserData), nil
	}
	return b.jsonBody(asked)
}

// take reads the answer to a batch, and reports whether it is one. If the token has expired for
// some channels, it asks for those once more.
func (a *asking) take(ctx context.Context, got reply, rs []Request, outs []Outcome) bool {
	named := make(map[string]bool, len(rs))
	for _, r := range rs {
		named[r.Channel] = true
	}
	parts, twice, ok := pick(withoutBOM(got.body), func(name string) bool { return named[name] })
	if !ok || len(parts) == 0 {
		return false
	}
	var expired []int
	for i, r := range rs {
		one := a.about(r)
		part, found := parts[r.Channel]
		switch {
		case twice[r.Channel]:
			outs[i].Err = one.malformed(got.status, "", "appears twice")
		case !found: // which decides nothing
			outs[i].Err = ErrAlone
		default:
			var status int
			status, outs[i] = one.part(got, part)
			if a.renews(status) {
				expired = append(expired, i)
			}
		}
	}
	if len(expired) > 0 {
		a.repeat(ctx, expired, rs, outs)
	}
	return true
}

// part reads what an answer says of one channel.
func (a *asking) part(got reply, text jsontext.Value) (status int, o Outcome) {
	fields, twice, ok := readObject(text, "status", "data")
	switch {
	case !ok:
		return 0, Outcome{Err: a.malformed(got.status, "", "not a JSON object for the channel")}
	case twice != "":
		return 0, Outcome{Err: a.malformed(got.status, twice, "appears twice")}
	}
	status = http.StatusOK
	if field := fields["status"]; len(field) > 0 && field.Kind() != 'n' {
		n, err := strconv.ParseUint(string(field), 10, 16)
		if err != nil {
			return 0, Outcome{Err: a.malformed(got.status, "status", "not the number of an HTTP status")}
		}
		status = int(n)
	}
	data := fields["data"]
	switch {
	case status/100 == 2 && (len(data) == 0 || data.Kind() == 'n'):
		o.Err = a.malformed(status, "data", "missing")
	case status/100 == 2:
		o.Grant, o.Err = a.grant(status, data)
	case status/100 == 3:
		o.Err = a.malformed(status, "status", "a redirect, for one channel of a batch")
	default:
		o.Err = a.refusal(status, got.header)
	}
	return status, o
}

// repeat asks once more, with a new token, for the channels of a batch that the old one was not
// good for.
func (a *asking) repeat(ctx context.Context, expired []int, rs []Request, outs []Outcome) {
	again := make([]Request, len(expired))
	for i, at := range expired {
		again[i] = rs[at]
	}
	body, err := a.batchBody(again)
	if err == nil {
		a.body = body
		var got reply
		if got, err = a.again(ctx); err == nil {
			o := make([]Outcome, len(again))
			if !got.ok() || !a.take(ctx, got, again, o) {
				for i, r := range again {
					o[i].Grant, o[i].Err = a.about(r).outcome(got)
				}
			}
			for i, at := range expired {
				outs[at] = o[i]
			}
			return
		}
	}
	for _, at := range expired {
		outs[at] = Outcome{Err: ofChannel(err, rs[at].Channel)}
	}
}
