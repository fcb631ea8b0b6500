package transport_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Words of the service that are cut end with a whole rune, wherever the limit falls.
func TestWordsOfTheServiceAreCutBetweenRunes(t *testing.T) {
	for shift := range 4 {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, func(p *peer) {
				p.send(openPacket)
				p.expect("40")
				p.send(`44{"message":"` + strings.Repeat("x", shift) + strings.Repeat("中", 200) + `"}`)
				p.drain()
			})
			_, err := srv.dial()
			var refused *transport.ConnectError
			if !errors.As(err, &refused) {
				t.Fatal(err)
			}
			rest := strings.Trim(refused.Message, "x中…") // what is cut may be marked
			if n := len(refused.Message); n > 200 || n < 190 || rest != "" || !utf8.ValidString(refused.Message) {
				t.Errorf("after %d bytes: %d bytes, %q", shift, n, refused.Message)
			}
		})
	}
}
