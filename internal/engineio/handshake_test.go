package engineio

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const openData = `{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`

func TestHandshake(t *testing.T) {
	want := Handshake{"lv_VI97HAXpY6yYWAAAC", []string{"websocket"}, 25 * time.Second, 20 * time.Second, 1_000_000}
	got, err := DecodeHandshake([]byte(openData))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v of %s, error %v", got, got.SID, err)
	}
	if text := string(AppendHandshake(nil, want)); text != openData {
		t.Errorf("written as %s", text)
	}
	none := Handshake{SID: `a"b`, PingInterval: time.Second, PingTimeout: time.Second}
	if text := string(AppendHandshake(nil, none)); text != `{"sid":"a\"b","upgrades":[],"pingInterval":1000,"pingTimeout":1000,"maxPayload":0}` {
		t.Errorf("written as %s", text)
	}
}

func TestHandshakeTakes(t *testing.T) {
	for _, text := range []string{
		`{"sid":"s","pingInterval":1,"pingTimeout":1}`,
		`{"sid":"s","upgrades":[],"pingInterval":86400000,"pingTimeout":86400000,"maxPayload":0,"new":{"deep":[1]}}`,
		`{"sid":"` + strings.Repeat("s", maxSID) + `","pingInterval":1,"pingTimeout":1,"maxPayload":9223372036854775807}`,
	} {
		if _, err := DecodeHandshake([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestHandshakeRefuses(t *testing.T) {
	with := func(key, value string) string {
		fields := map[string]string{"sid": `"hidden"`, "pingInterval": "25000", "pingTimeout": "20000", "maxPayload": "1000000"}
		fields[key] = value
		var text strings.Builder
		text.WriteString(`{"upgrades":[]`)
		for k, v := range fields {
			if v != "" {
				fmt.Fprintf(&text, `,%q:%s`, k, v)
			}
		}
		return text.String() + "}"
	}
	const notJSON = "not the JSON of an open packet"
	for _, c := range []struct{ name, in, detail string }{
		{"nothing", ``, notJSON},
		{"HTML", `<html>hidden</html>`, notJSON},
		{"null", `null`, "sid"},
		{"an array", `["hidden"]`, notJSON},
		{"cut off", `{"sid":"hidden","pingIn`, notJSON},
		{"more after it", openData + `x`, notJSON},
		{"not UTF-8", with("sid", "\"hidden\xff\""), notJSON},
		{"a key twice", with("sid", `"hidden","sid":"hidden"`), notJSON},
		{"nested deep", with("more", strings.Repeat("[", 15_000)), notJSON},
		{"too long", with("more", `"`+strings.Repeat("x", maxHandshake)+`"`), "too long"},
		{"sid missing", with("sid", ""), "sid"},
		{"sid empty", with("sid", `""`), "sid"},
		{"sid a number", with("sid", `1`), notJSON},
		{"sid too long", with("sid", `"`+strings.Repeat("h", maxSID+1)+`"`), "sid"},
		{"pingInterval missing", with("pingInterval", ""), "pingInterval"},
		{"pingInterval zero", with("pingInterval", "0"), "pingInterval"},
		{"pingInterval negative", with("pingInterval", "-25000"), "pingInterval"},
		{"pingInterval past a day", with("pingInterval", "86400001"), "pingInterval"},
		// 2^64/1e6 ms more than 25 s: as nanoseconds it would wrap around to a plausible interval.
		{"pingInterval overflowing a Duration", with("pingInterval", "18446744098710"), "pingInterval"},
		{"pingInterval overflowing a Duration from below", with("pingInterval", "-18446744048710"), "pingInterval"},
		{"pingInterval overflowing an int64", with("pingInterval", "1e30"), notJSON},
		{"pingInterval a string", with("pingInterval", `"25000"`), notJSON},
		{"pingInterval fractional", with("pingInterval", `0.5`), notJSON},
		{"pingTimeout missing", with("pingTimeout", ""), "pingTimeout"},
		{"pingTimeout zero", with("pingTimeout", "0"), "pingTimeout"},
		{"pingTimeout negative", with("pingTimeout", "-1"), "pingTimeout"},
		{"pingTimeout past a day", with("pingTimeout", "9223372036854775807"), "pingTimeout"},
		{"maxPayload negative", with("maxPayload", "-1"), "maxPayload"},
		{"maxPayload overflowing", with("maxPayload", "9223372036854775808"), notJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeHandshake([]byte(c.in))
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != ErrHandshake || e.Detail != c.detail {
				t.Fatalf("error %v, want %v: %s", err, ErrHandshake, c.detail)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows what was sent: %v", err)
			}
		})
	}
}

// The session id is as good as a password while the session lives.
func TestHandshakeHidesItsSID(t *testing.T) {
	h, err := DecodeHandshake([]byte(openData))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{h, &h, []Handshake{h}} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, h.SID) {
				t.Errorf("%s of %T shows it: %s", format, v, text)
			}
		}
	}
}
