package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// Every exported type of the package, filled with secrets, printed in every way that Go has.
func TestNothingPrintsASecret(t *testing.T) {
	const hidden = "s3cr3t"
	s := signer(t, hidden+"-key", hidden)
	grant, err := s.Presence("sock-1", "presence-a", `{"user_id":"`+hidden+`"}`)
	if err != nil {
		t.Fatal(err)
	}
	request := auth.Request{
		SocketID: "sock-1", Channel: "presence-a", UserData: []byte(`{"user_id":"` + hidden + `"}`), Key: auth.NewSecret(hidden),
	}
	member := auth.Member{ID: "7", Info: map[string]string{"phone": hidden}}
	options := []auth.EndpointOption{
		auth.WithHeader(http.Header{"X-Key": {hidden}}),
		auth.WithField("key", hidden),
		auth.WithToken(func(context.Context, bool) (string, error) { return hidden, nil }),
	}
	asker := auth.Endpoint("https://example.com/"+hidden+"?k="+hidden, options...)
	broken := auth.Endpoint("http://user:"+hidden+"@example.com/"+hidden, append(options, auth.WithHeader(http.Header{"A": {hidden + "\n"}}))...)
	_, brokenErr := broken.Authorize(t.Context(), request)
	_, badData := s.Presence("sock-1", "presence-a", `{"user_id":"`+hidden)
	_, badKey := auth.NewSigner(hidden+":", hidden)
	network := over(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: "https://example.com/" + hidden, Err: errors.New(`malformed "` + hidden + `"`)}
	})
	_, failed := auth.Endpoint("https://example.com/"+hidden, network).Authorize(t.Context(), request)
	answer := over(func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, `{"auth":"`+hidden+`","channel_data":"`+hidden+`"}`), nil
	})
	_, malformed := auth.Endpoint("https://example.com/"+hidden, answer).Authorize(t.Context(), request)
	refuse := over(func(r *http.Request) (*http.Response, error) { return reply(r, 403, hidden), nil })
	_, denied := auth.Endpoint("https://example.com/"+hidden, refuse).Authorize(t.Context(), request)
	retry, _ := errors.AsType[*auth.RetryError](failed)
	wrong, _ := errors.AsType[*auth.AnswerError](malformed)
	no, _ := errors.AsType[*auth.DeniedError](denied)
	if retry == nil || wrong == nil || no == nil || brokenErr == nil || badData == nil || badKey == nil {
		t.Fatal("an error is missing:", failed, malformed, denied, brokenErr, badData, badKey)
	}

	var log bytes.Buffer
	for name, v := range map[string]any{
		"Secret": request.Key, "*Secret": &request.Key,
		"Request": request, "*Request": &request,
		"Grant": grant, "*Grant": &grant,
		"Signer": *s, "*Signer": s, "Signer.Authorizer": s.Authorizer(member),
		"Audit": auth.Audit{Verdict: auth.VerdictFailed, Channel: "private-a", Err: denied}, "Verdict": auth.VerdictAllowed,
		"Member": member, "Decision": auth.Decision{Allow: true, Member: member},
		"Endpoint": asker, "broken Endpoint": broken, "Func": auth.Func(nil),
		"EndpointOption": options[0], "HandlerOption": auth.WithMaxBody(1), "Handler": auth.Handler(s, allowAll),
		"*RetryError": retry, "RetryError": *retry, "*AnswerError": wrong, "AnswerError": *wrong,
		"*DeniedError": no, "DeniedError": *no,
		"InputError": badData, "InputError of the key": badKey, "Validate": brokenErr,
	} {
		boxes := []any{v, []any{v}, map[string]any{"v": v}, struct{ V any }{v}}
		// These have plain fields, and fmt does not ask their methods under %p, and in a field that
		// is not exported.
		plain := slices.Contains([]string{"Grant", "*Grant", "Request", "*Request", "Member", "Decision"}, name)
		if !plain {
			boxes = append(boxes, struct{ v any }{v})
		}
		for _, box := range boxes {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p"} {
				if verb == "%p" && plain {
					continue
				}
				if out := fmt.Sprintf(verb, box); leaks(out, hidden, grant) {
					t.Errorf("%s shows a secret under %s in a %T: %s", name, verb, box, out)
				}
			}
		}
		log.Reset()
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		if err, ok := v.(error); ok {
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", err)
		}
		switch name {
		case "Member", "Decision", "EndpointOption", "HandlerOption", "Func":
			// JSON shows a member, which is what the others see.
		default:
			slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		}
		if leaks(log.String(), hidden, grant) {
			t.Errorf("slog shows a secret of %s: %s", name, log.String())
		}
		switch name {
		case "Secret", "*Secret", "Signer", "*Signer", "Signer.Authorizer", "Endpoint", "broken Endpoint", "Handler":
			if out, _ := json.Marshal(v); leaks(string(out), hidden, grant) {
				t.Errorf("JSON shows a secret of %s: %s", name, out)
			}
		}
	}
}

func leaks(out, hidden string, g auth.Grant) bool {
	out = strings.ToLower(out)
	_, sum, _ := strings.Cut(g.Auth, ":")
	return strings.Contains(out, hidden) || strings.Contains(out, fmt.Sprintf("%x", hidden)) ||
		strings.Contains(out, sum) || strings.Contains(out, fmt.Sprintf("%x", sum))
}

// The JSON of a Request and of a Grant is the wire's, for callbacks and backends of the user's own.
// The key stays out.
func TestJSONIsTheWires(t *testing.T) {
	for want, v := range map[string]any{
		`{"socket_id":"sock-1","channel_name":"private-a"}`:                              private(),
		`{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":"7"}}`: presence(),
		`{"auth":"` + signed + `"}`:                                                      auth.Grant{Auth: signed},
		`{"auth":"` + signed + `","channel_data":"{}"}`:                                  auth.Grant{Auth: signed, ChannelData: "{}"},
		`{"Key":"[redacted]","None":""}`:                                                 struct{ Key, None auth.Secret }{Key: auth.NewSecret("x")},
	} {
		if got, err := json.Marshal(v); string(got) != want || err != nil {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
}

func TestSecret(t *testing.T) {
	if got := auth.NewSecret("x").Reveal(); got != "x" {
		t.Errorf("revealed as %q", got)
	}
	if empty := auth.NewSecret(""); empty.Reveal() != "" || empty.String() != "" {
		t.Errorf("the empty secret is %q", empty)
	}
}
