package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/realtimex/realtimex-go/rtxtest"
)

// devToken is what the HTTP face of rtx serve asks for where the app's secret is worth something: "" for the default secret, which
// everybody knows. It is made of the secret, so that whoever has that needs nothing more, and does not show it. What is signed for
// a channel has a colon in it; this has none, so neither can be taken for the other.
func devToken(secret string) string {
	if secret == "" || secret == rtxtest.DefaultSecret {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("the HTTP face of rtx serve"))
	return hex.EncodeToString(mac.Sum(nil))
}
