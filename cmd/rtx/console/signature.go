package console

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

type signatureRequest struct {
	SocketID    string `json:"socket_id"`
	Channel     string `json:"channel"`
	ChannelData string `json:"channel_data"`
	Auth        string `json:"auth"`
}

type signatureAnswer struct {
	Valid      bool   `json:"valid"`
	SignedText string `json:"signed_text"` // what the signature must be of
	KeyMatches bool   `json:"key_matches"`
	Connected  bool   `json:"connected"` // the socket id is that of a connection
	Reason     string `json:"reason"`    // "" if it is valid
}

// checkSignature says whether the server would take a signature, of which text it must be, and if
// it is wrong which common mistake it is. It never answers with a signature.
func (c *Console) checkSignature(w http.ResponseWriter, r *http.Request) {
	var asked signatureRequest
	if !readJSON(w, r, &asked) {
		return
	}
	presence := strings.HasPrefix(asked.Channel, "presence-")
	if !presence && !strings.HasPrefix(asked.Channel, "private-") {
		bad(w, `channel: a name that begins neither with "private-" nor with "presence-" needs no signature`)
		return
	}
	if asked.SocketID == "" || asked.Auth == "" || len(asked.SocketID) > maxName || len(asked.Channel) > maxName {
		bad(w, "socket_id, channel and auth are required, with names of at most 200 bytes")
		return
	}
	key, _, _ := strings.Cut(asked.Auth, ":")
	a := signatureAnswer{
		Valid:      c.server.Signer().Verify(asked.SocketID, asked.Channel, auth.Grant{Auth: asked.Auth, ChannelData: asked.ChannelData}),
		SignedText: asked.SocketID + ":" + asked.Channel,
		KeyMatches: key == c.server.Key(),
		Connected:  c.server.Connection(asked.SocketID) != nil,
	}
	if presence {
		a.SignedText += ":" + asked.ChannelData
	}
	if !a.Valid {
		a.Reason = c.mistake(&asked, presence, a.KeyMatches)
	}
	answer(w, http.StatusOK, a)
}

// mistake names what is wrong with a signature that is not valid.
func (c *Console) mistake(asked *signatureRequest, presence, keyMatches bool) string {
	_, given, colon := strings.Cut(asked.Auth, ":")
	sum, err := hex.DecodeString(given)
	switch {
	case !colon:
		return "auth has no colon: want KEY:SIGNATURE"
	case !keyMatches:
		return "auth begins with another API key than the server's"
	case err != nil || len(sum) != sha256.Size:
		return "the signature is not 64 hexadecimal digits, as HMAC-SHA256 gives"
	case presence && asked.ChannelData == "":
		return "channel_data is missing: a presence channel is signed with it"
	case presence && !json.Valid([]byte(asked.ChannelData)):
		return "channel_data is not JSON"
	}
	text := asked.SocketID + ":" + asked.Channel
	switch {
	case presence && c.signs(sum, text):
		return "the signature leaves channel_data out: sign socket_id:channel:channel_data"
	case !presence && asked.ChannelData != "" && c.signs(sum, text+":"+asked.ChannelData):
		return "the signature has channel_data in it, which is for presence channels only"
	case presence && c.signs(sum, text+":"+compact(asked.ChannelData)):
		return "the signature is of other bytes of channel_data: sign the very text that is sent, white space included"
	}
	for _, conn := range c.server.Connections() {
		other := conn.SocketID() + ":" + asked.Channel
		if c.signs(sum, other) || presence && c.signs(sum, other+":"+asked.ChannelData) {
			return "the signature is for another connection: " + conn.SocketID()
		}
	}
	return "the signature is of another text, or made with another secret"
}

// signs reports whether sum is the signature of the text.
func (c *Console) signs(sum []byte, text string) bool {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte(text))
	return hmac.Equal(mac.Sum(nil), sum)
}

func compact(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}
