package nodetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Sign makes the auth string of a private channel, or, with channelData, of a presence channel. It
// is here so that a test of the signing code is not its own judge.
func (s *Server) Sign(socketID, channel, channelData string) string {
	mac := hmac.New(sha256.New, []byte(s.Secret()))
	mac.Write([]byte(socketID + ":" + channel))
	if channelData != "" {
		mac.Write([]byte(":" + channelData))
	}
	return s.Key() + ":" + hex.EncodeToString(mac.Sum(nil))
}
