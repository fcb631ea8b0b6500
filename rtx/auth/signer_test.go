package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The values below were computed by two other implementations of HMAC, which agree:
//
//	printf %s "$TEXT" | openssl dgst -sha256 -hmac "$SECRET"
//	TEXT=… SECRET=… node -e 'const e=process.env;console.log(require("crypto").createHmac("sha256",e.SECRET).update(e.TEXT).digest("hex"))'
//
// with the signed text that stands beside each.
var knownAnswers = []struct {
	name, secret, socket, channel, data string
	text                                string
	sum                                 string
}{
	{
		"private", "app-secret", "SZ7iV2C0J9Fd9vjgAABB", "private-test-channel", "",
		"SZ7iV2C0J9Fd9vjgAABB:private-test-channel",
		"2e3854ffdebb56c0cdead7c1d03ad921f97d3cd9c127af6fa89994e027032d91",
	},
	{
		"private, dotted socket id", "7ad3773142a6692b25b8", "1234.1234", "private-foobar", "",
		"1234.1234:private-foobar",
		"58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4",
	},
	{
		"presence", "app-secret", "fchl4Zw8sQ2mAAAB", "presence-chat", `{"user_id":"123","user_info":{"name":"Alice"}}`,
		`fchl4Zw8sQ2mAAAB:presence-chat:{"user_id":"123","user_info":{"name":"Alice"}}`,
		"02fc120dc2c28207938e7acd644c8f39674f26f1feeb4307fa20e10f600713be",
	},
	{
		"presence, spaces are signed", "app-secret", "fchl4Zw8sQ2mAAAB", "presence-chat", `{"user_id": "123", "user_info": {"name":"Alice"}}`,
		`fchl4Zw8sQ2mAAAB:presence-chat:{"user_id": "123", "user_info": {"name":"Alice"}}`,
		"f0699ab8e373d442b10a0821d936ba0336f858214a3428267397594e1ebd460f",
	},
	{
		"presence, not ASCII", "s€cret with spaces", "fchl4Zw8sQ2mAAAB", "presence-büro", `{"user_id":"7","user_info":{"name":"Zoë 🙂"}}`,
		`fchl4Zw8sQ2mAAAB:presence-büro:{"user_id":"7","user_info":{"name":"Zoë 🙂"}}`,
		"ecc51e1ee5ccdd27e9359c6b6b7661cdb37b0be182a136f62222a387c13933e8",
	},
	{
		"presence, user data as given", "app-secret", "A1_-b", "presence-x", `"7"`,
		`A1_-b:presence-x:"7"`,
		"8f3eb6bce72fd63187423d2aed0de94a5b1c329065065e091691dcc238aff9bd",
	},
}

func TestSignerKnownAnswers(t *testing.T) {
	for _, c := range knownAnswers {
		t.Run(c.name, func(t *testing.T) {
			s := signer(t, "key-1", c.secret)
			var g auth.Grant
			var err error
			if c.data == "" {
				g, err = s.Private(c.socket, c.channel)
			} else {
				g, err = s.Presence(c.socket, c.channel, c.data)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := "key-1:" + c.sum; g.Auth != want {
				t.Errorf("signature for %s is %s, want %s", c.text, g.Auth, want)
			}
			if g.ChannelData != c.data {
				t.Errorf("channel data is %q, want the signed bytes %q", g.ChannelData, c.data)
			}
			if !s.Verify(c.socket, c.channel, g) {
				t.Error("its own grant is not verified")
			}
		})
	}
}

func TestSignerVerifyRefuses(t *testing.T) {
	const socket, room, data = "s1", "presence-room", `{"user_id":"1"}`
	s := signer(t, "key-1", "secret")
	presence, err := s.Presence(socket, room, data)
	if err != nil {
		t.Fatal(err)
	}
	private, err := s.Private(socket, "private-room")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Verify(socket, "private-room", private) || !s.Verify(socket, room, presence) {
		t.Fatal("good grants are refused")
	}
	flipped := presence
	flipped.Auth = flipped.Auth[:len(flipped.Auth)-1] + map[bool]string{true: "0", false: "1"}[flipped.Auth[len(flipped.Auth)-1] != '0']
	upper := private
	upper.Auth = "key-1:" + strings.ToUpper(strings.TrimPrefix(private.Auth, "key-1:"))
	other, _ := signer(t, "key-1", "other").Private(socket, "private-room")
	otherKey, _ := signer(t, "key-2", "secret").Private(socket, "private-room")
	for _, c := range []struct {
		name, socket, channel string
		g                     auth.Grant
	}{
		{"another socket", "s2", room, presence},
		{"another channel", socket, "presence-room2", presence},
		{"other channel data", socket, room, auth.Grant{Auth: presence.Auth, ChannelData: `{"user_id":"2"}`}},
		{"no channel data", socket, room, auth.Grant{Auth: presence.Auth}},
		{"the last character", socket, room, flipped},
		{"cut short", socket, room, auth.Grant{Auth: presence.Auth[:40], ChannelData: data}},
		{"no signature", socket, "private-room", auth.Grant{}},
		{"upper case", socket, "private-room", upper},
		{"another secret", socket, "private-room", other},
		{"another key", socket, "private-room", otherKey},
		{"a public channel", socket, "room", private},
	} {
		if s.Verify(c.socket, c.channel, c.g) {
			t.Errorf("%s: verified", c.name)
		}
	}
}

// A text that one right holder has signed must never pass for another one's.
func TestSignerRejectsAmbiguousInput(t *testing.T) {
	s := signer(t, "key-1", "secret")
	for _, c := range []struct {
		name, socket, channel, data, field string
	}{
		{"a presence channel inside the socket id", "s1:presence-room", "private-a", "", "socket_id"},
		{"member data inside the channel", "s1", `presence-room:{"user_id":"root"}`, `1`, "channel_name"},
		{"a private channel with a colon", "s1", "private-a:b", "", "channel_name"},
		{"a presence channel signed as private", "s1", "presence-room", "", "channel_name"},
		{"a private channel signed as presence", "s1", "private-room", `{}`, "channel_name"},
		{"a public channel", "s1", "room", "", "channel_name"},
		{"no channel", "s1", "", "", "channel_name"},
		{"a line break in the channel", "s1", "private-a\nb", "", "channel_name"},
		{"a channel that is not UTF-8", "s1", "private-\xff", "", "channel_name"},
		{"a channel with U+FFFD", "s1", "private-\ufffd", "", "channel_name"},
		{"a zero-width space in the channel", "s1", "private-a\u200bb", "", "channel_name"},
		{"a soft hyphen in the channel", "s1", "presence-a\u00adb", `{}`, "channel_name"},
		{"a right-to-left override in the channel", "s1", "private-a\u202eb", "", "channel_name"},
		{"a direction's isolate in the channel", "s1", "private-a\u2066b", "", "channel_name"},
		{"a byte order mark in the channel", "s1", "private-a\ufeff", "", "channel_name"},
		{"a filler in the channel", "s1", "private-a\u3164", "", "channel_name"},
		{"a variation selector in the channel", "s1", "private-a\ufe0f", "", "channel_name"},
		{"a tag in the channel", "s1", "private-a\U000e0061", "", "channel_name"},
		{"a blank that is no space in the channel", "s1", "private-a\u00a0b", "", "channel_name"},
		{"a line separator in the channel", "s1", "private-a\u2028b", "", "channel_name"},
		{"a pattern of Braille without a dot", "s1", "private-a\u2800b", "", "channel_name"},
		{"an endless channel", "s1", "private-" + strings.Repeat("a", 200), "", "channel_name"},
		{"no socket id", "", "private-a", "", "socket_id"},
		{"a space in the socket id", "s 1", "private-a", "", "socket_id"},
		{"a NUL in the socket id", "s\x001", "private-a", "", "socket_id"},
		{"an endless socket id", strings.Repeat("s", 129), "private-a", "", "socket_id"},
		{"data that is no JSON", "s1", "presence-a", `{"user_id":`, "channel_data"},
		{"data that is two JSON texts", "s1", "presence-a", `{} {}`, "channel_data"},
		{"data that names two users", "s1", "presence-a", `{"user_id":"1","user_id":"2"}`, "channel_data"},
		{"data that names two users, spelt otherwise", "s1", "presence-a", `{"user_id":"1","user\u005fid":"2"}`, "channel_data"},
		{"data with two infos", "s1", "presence-a", `{"user_id":"1","user_info":1,"user_info":2}`, "channel_data"},
		{"a number that is another one to JavaScript", "s1", "presence-a", `{"user_id":9007199254740993}`, "user_id"},
		{"data that is not UTF-8", "s1", "presence-a", "\"\xff\"", "channel_data"},
		{"endless data", "s1", "presence-a", `"` + strings.Repeat("a", 64<<10) + `"`, "channel_data"},
	} {
		var g auth.Grant
		var err error
		if c.data == "" {
			g, err = s.Private(c.socket, c.channel)
		} else {
			g, err = s.Presence(c.socket, c.channel, c.data)
		}
		input, ok := errors.AsType[*auth.InputError](err)
		if !ok || input.Field != c.field {
			t.Errorf("%s: error %v, want one on %s", c.name, err, c.field)
		}
		if g != (auth.Grant{}) {
			t.Errorf("%s: a grant was made", c.name)
		}
	}
	for _, name := range []string{"private-žluťoučký 馬", "private-🐎 a", "private-\u0600", "private-e\u0301"} {
		if g, err := s.Private("s1", name); err != nil || !s.Verify("s1", name, g) {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	if _, err := s.Presence("s1", "presence-a", ""); err == nil {
		t.Error("presence without channel data is signed")
	}
}

func TestNewSignerRejects(t *testing.T) {
	for _, c := range []struct{ key, secret, field string }{
		{"", "s", "key"},
		{"a:b", "s", "key"},
		{"a b", "s", "key"},
		{"a\n", "s", "key"},
		{strings.Repeat("k", 257), "s", "key"},
		{"key", "", "secret"},
	} {
		_, err := auth.NewSigner(c.key, c.secret)
		if input, ok := errors.AsType[*auth.InputError](err); !ok || input.Field != c.field {
			t.Errorf("NewSigner(%q, %q): %v, want an error on %s", c.key, c.secret, err, c.field)
		}
	}
}

func TestSignerAuthorizer(t *testing.T) {
	s := signer(t, "key-1", "secret")
	alice := auth.Member{ID: "1", Info: map[string]any{"name": "Alice", "age": 7}}
	for _, c := range []struct {
		name string
		as   auth.Member
		r    auth.Request
		data string // "" if it fails
	}{
		{"presence", alice, auth.Request{SocketID: "s1", Channel: "presence-a"}, `{"user_id":"1","user_info":{"age":7,"name":"Alice"}}`},
		{"the member wins over the user data", alice, auth.Request{SocketID: "s1", Channel: "presence-a", UserData: []byte(`{"user_id":"root"}`)}, `{"user_id":"1","user_info":{"age":7,"name":"Alice"}}`},
		{"no info", auth.Member{ID: "1"}, auth.Request{SocketID: "s1", Channel: "presence-a"}, `{"user_id":"1"}`},
		{"the user data", auth.Member{}, auth.Request{SocketID: "s1", Channel: "presence-a", UserData: []byte(`{"user_id": 7}`)}, `{"user_id": 7}`},
		{"neither", auth.Member{}, auth.Request{SocketID: "s1", Channel: "presence-a"}, ""},
		{"info without an ID", auth.Member{Info: 1}, auth.Request{SocketID: "s1", Channel: "presence-a", UserData: []byte(`{}`)}, ""},
		{"info that does not marshal", auth.Member{ID: "1", Info: func() {}}, auth.Request{SocketID: "s1", Channel: "presence-a"}, ""},
	} {
		g, err := s.Authorizer(c.as).Authorize(t.Context(), c.r)
		if c.data == "" {
			if _, ok := errors.AsType[*auth.InputError](err); !ok {
				t.Errorf("%s: %v, want an InputError", c.name, err)
			}
			continue
		}
		if err != nil || g.ChannelData != c.data || !s.Verify(c.r.SocketID, c.r.Channel, g) {
			t.Errorf("%s: %v, channel data %q, want %q, signed", c.name, err, g.ChannelData, c.data)
		}
	}
	big := auth.Request{SocketID: "s1", Channel: "presence-a", UserData: []byte(`{"user_id":9007199254740993}`)}
	if _, err := s.Authorizer(auth.Member{}).Authorize(t.Context(), big); err == nil || !strings.Contains(err.Error(), "send it as a string") {
		t.Errorf("a number that does not survive: %v, want the advice to send a string", err)
	}
	g, err := s.Authorizer(alice).Authorize(t.Context(), auth.Request{SocketID: "s1", Channel: "private-a"})
	if err != nil || g.ChannelData != "" || !s.Verify("s1", "private-a", g) {
		t.Errorf("private: %v %v", g, err)
	}
}

// A number that JavaScript, and so the service, takes for another one would make two members of
// one, or one of two.
func TestSignerNumericUserID(t *testing.T) {
	s := signer(t, "key-1", "secret")
	for number, fine := range map[string]bool{
		"0": true, "-0": true, "7": true, "7.0": true, "7e0": true, "70e-1": true, "-12.50": true, "0.1": true, "1e15": true,
		"9007199254740991": true, "-9007199254740991": true, "9007199254740991.0": true,
		"9007199254740992": false, "9007199254740993": false, "-9007199254740992": false, "12345678901234567890": false,
		"1e16": false, "1e400": false, "1e-400": false, "1e99999999999999999999": false, "0e99999999999999999999": true,
		"0.12345678901234567890": false, "4503599627370496.25": false,
	} {
		data := `{"user_id": ` + number + `,"user_info":{"n":12345678901234567890}}`
		g, err := s.Presence("s1", "presence-a", data)
		input, _ := errors.AsType[*auth.InputError](err)
		if (err == nil) != fine || !fine && (input == nil || input.Field != "user_id" || !strings.Contains(input.Reason, "send it as a string")) {
			t.Errorf("user_id %s: %v, want it signed: %v", number, err, fine)
		}
		if err == nil && !s.Verify("s1", "presence-a", g) {
			t.Errorf("user_id %s: its own grant is not verified", number)
		}
	}
	for _, data := range []string{`{"user_id":"9007199254740993"}`, `9007199254740993`, `{"id":9007199254740993}`, `{"user_id":"\ud83d"}`, `{"user_id":"1","user_info":{"a":1,"a":2}}`} {
		if g, err := s.Presence("s1", "presence-a", data); err != nil || g.ChannelData != data {
			t.Errorf("%s: %v, want it signed as it is", data, err)
		}
	}
}

func TestSignerWithInvisibleNames(t *testing.T) {
	s, err := auth.NewSigner("key-1", "secret", nil, auth.WithInvisibleNames())
	if err != nil {
		t.Fatal(err)
	}
	const family = "private-\U0001f468\u200d\U0001f467"
	g, err := s.Private("s1", family)
	if err != nil || !s.Verify("s1", family, g) {
		t.Errorf("%v, want it signed and verified", err)
	}
	if signer(t, "key-1", "secret").Verify("s1", family, g) {
		t.Error("verified by a Signer that would not sign it")
	}
	if _, err := s.Private("s1", "private-\x1b"); err == nil {
		t.Error("a control character is signed")
	}
	if status, answer, _ := ask(t, auth.Handler(s, allowAll), "POST", "application/json", `{"socket_id":"s1","channel_name":"`+family+`"}`); status != 200 || answer["auth"] != g.Auth {
		t.Errorf("Handler answers %d %v", status, answer)
	}
}

// Without a secret anybody could make the signature.
func TestSignerThatWasNotMade(t *testing.T) {
	for name, s := range map[string]*auth.Signer{"zero": {}, "nil": nil} {
		for _, f := range []func() (auth.Grant, error){
			func() (auth.Grant, error) { return s.Private("s1", "private-a") },
			func() (auth.Grant, error) { return s.Presence("s1", "presence-a", "{}") },
			func() (auth.Grant, error) {
				return s.Authorizer(auth.Member{ID: "1"}).Authorize(t.Context(), private())
			},
			func() (auth.Grant, error) {
				return auth.Grant{}, s.Authorizer(auth.Member{}).(interface{ Validate() error }).Validate()
			},
		} {
			g, err := f()
			if input, _ := errors.AsType[*auth.InputError](err); input == nil || !strings.Contains(err.Error(), "NewSigner") || g != (auth.Grant{}) {
				t.Errorf("%s: %v %v, want an InputError that names NewSigner", name, g, err)
			}
		}
		// What HMAC with an empty key and secret makes of s1:private-a.
		mac := hmac.New(sha256.New, nil)
		mac.Write([]byte("s1:private-a"))
		if s.Verify("s1", "private-a", auth.Grant{Auth: fmt.Sprintf(":%x", mac.Sum(nil))}) {
			t.Errorf("%s: what anybody can sign is verified", name)
		}
		if key := s.Key(); key != "" {
			t.Errorf("%s: the key is %q", name, key)
		}
	}
}

// A member is marshalled as encoding/json does, which users' types are made for.
func TestMemberIsMarshalledByEncodingJSON(t *testing.T) {
	info := map[string]any{"none": []string(nil), "for": 2 * time.Second, "n": stdjson.Number("1.50"), "s": "a\xffb", "raw": stdjson.RawMessage(`{"a":"\ud83d","a":1}`)}
	want, err := stdjson.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	data, err := auth.Member{ID: "7", Info: info}.ChannelData()
	if err != nil || data != `{"user_id":"7","user_info":`+string(want)+`}` {
		t.Errorf("%s %v, want %s in it", data, err, want)
	}
	if g, err := signer(t, "k", "s").Presence("s1", "presence-a", data); err != nil {
		t.Errorf("%v %v: it can't be signed", g, err)
	}
	if _, err := (auth.Member{ID: "a\xff"}).ChannelData(); err == nil {
		t.Error("an ID that would be sent as another one is taken")
	}
}

func BenchmarkSigner(b *testing.B) {
	s := signer(b, "key-1", "secret")
	b.Run("private", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Private("SZ7iV2C0J9Fd9vjgAABB", "private-room-17"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("presence", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Presence("SZ7iV2C0J9Fd9vjgAABB", "presence-room-17", `{"user_id":"123","user_info":{"name":"Alice"}}`); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func signer(tb testing.TB, key, secret string) *auth.Signer {
	tb.Helper()
	s, err := auth.NewSigner(key, secret)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
