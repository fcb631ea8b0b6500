package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const signatureSize = sha256.Size

// A Signer makes and checks signatures with an app's secret. It belongs in a backend. It is made by [NewSigner]; the zero
// Signer and a nil one have no secret, so they sign nothing and verify nothing. All methods may be called concurrently.
type Signer struct {
	key, secret Secret
	invisible   bool // may stand in names
}

// A SignerOption changes a [Signer]. A nil one is ignored.
type SignerOption func(*Signer)

// AllowInvisible has names signed that hold characters which can't be seen or which change the direction of the text, such
// as the joiner in an emoji of several, U+200D, or the non-joiner of Persian, U+200C. Two names that look the same can then
// be two channels. Control characters are refused all the same. Default: refused.
func AllowInvisible() SignerOption {
	return func(s *Signer) { s.invisible = true }
}

// NewSigner returns a Signer for the app with this API key and secret. An [*InputError] says if the key is empty, has a
// colon or characters other than visible ASCII, or if the secret is empty.
func NewSigner(key, secret string, opts ...SignerOption) (*Signer, error) {
	if fault := keyFault(key); fault != "" {
		return nil, &InputError{Field: "key", Reason: fault}
	}
	if secret == "" {
		return nil, &InputError{Field: "secret", Reason: "empty"}
	}
	s := &Signer{key: NewSecret(key), secret: NewSecret(secret)}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	return s, nil
}

// usable returns an error for a Signer that was not made by NewSigner. An empty secret would sign what anybody can.
func (s *Signer) usable() error {
	if s == nil || s.secret.Reveal() == "" {
		return &InputError{Field: "secret", Reason: "empty: make the Signer with NewSigner"}
	}
	return nil
}

// Private signs for a private channel: KEY:hex(HMAC-SHA256(secret, socket_id:channel)). It returns an [*InputError] if the
// channel's name does not begin with "private-", if either argument would make the signed text ambiguous (empty, too long,
// with a colon or with control characters), if the name has characters that can't be seen (see [AllowInvisible]), or if
// the Signer was not made by [NewSigner].
func (s *Signer) Private(socketID, channel string) (Grant, error) {
	if err := s.signable(socketID, channel, privatePrefix, isPrivate); err != nil {
		return Grant{}, err
	}
	return Grant{Auth: s.sign(socketID, channel)}, nil
}

// Presence signs for a presence channel: KEY:hex(HMAC-SHA256(secret, socket_id:channel:channel_data)). The channel data is
// JSON text, such as [Member.ChannelData] makes, and is signed and granted byte for byte. It returns an [*InputError] if
// the channel's name does not begin with "presence-", for the other reasons that Private has, or if the channel data is not
// one JSON text of at most 64 KiB, names two users, or has a user_id that is a number which the service and other clients,
// whose numbers are JavaScript's, would take for another one: past 2^53-1, or with more digits than they keep. Send such
// an id as a string.
func (s *Signer) Presence(socketID, channel, channelData string) (Grant, error) {
	if err := s.signable(socketID, channel, presencePrefix, isPresence); err != nil {
		return Grant{}, err
	}
	if fault := channelDataFault(channelData); fault != "" {
		return Grant{}, &InputError{Field: "channel_data", Reason: fault}
	}
	if err := memberFault(channelData); err != nil {
		return Grant{}, err
	}
	return Grant{Auth: s.sign(socketID, channel, channelData), ChannelData: channelData}, nil
}

// Verify reports whether g is a grant of this Signer's for the connection and channel. The channel data counts on presence
// channels only, where it is a must. What Private and Presence would not sign is never verified. The comparison takes the
// same time wherever the first difference is. A Signer that was not made by [NewSigner] verifies nothing.
func (s *Signer) Verify(socketID, channel string, g Grant) bool {
	var want Grant
	var err error
	if isPresence(channel) {
		want, err = s.Presence(socketID, channel, g.ChannelData)
	} else {
		want, err = s.Private(socketID, channel)
	}
	return err == nil && hmac.Equal([]byte(g.Auth), []byte(want.Auth))
}

// Authorizer returns an Authorizer that signs on the spot, on presence channels as this member. With the zero Member it
// signs the client's user data there. It is for programs that may hold the secret: backends, tests, tools. Its Validate
// says if the Signer was not made by [NewSigner].
func (s *Signer) Authorizer(as Member) Authorizer {
	return &local{signer: s, member: &as}
}

// Key returns the API key, "" if there is none.
func (s *Signer) Key() string {
	if s == nil {
		return ""
	}
	return s.key.Reveal()
}

func (s *Signer) sign(socketID, channel string, data ...string) string {
	mac := hmac.New(sha256.New, []byte(s.secret.Reveal()))
	text := make([]byte, 0, 512)
	text = append(text, socketID...)
	text = append(append(text, ':'), channel...)
	for _, d := range data {
		text = append(append(text, ':'), d...)
	}
	mac.Write(text)
	var sum [signatureSize]byte
	key := s.key.Reveal()
	auth := make([]byte, 0, len(key)+1+2*signatureSize)
	auth = append(append(auth, key...), ':')
	return string(hex.AppendEncode(auth, mac.Sum(sum[:0])))
}

// String returns "auth.Signer{[redacted]}".
func (s Signer) String() string { return "auth.Signer{" + redacted + "}" }

// Format implements [fmt.Formatter]: String, whatever the verb.
func (s Signer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements [slog.LogValuer].
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s *Signer) signable(socketID, channel, prefix string, right func(string) bool) error {
	if err := s.usable(); err != nil {
		return err
	}
	if fault := socketFault(socketID); fault != "" {
		return &InputError{Field: "socket_id", Reason: fault}
	}
	if fault := channelFault(channel, s.invisible); fault != "" {
		return &InputError{Field: "channel_name", Reason: fault}
	}
	if !right(channel) {
		return &InputError{Field: "channel_name", Reason: "does not begin with " + prefix}
	}
	return nil
}

// local is a Signer's Authorizer. The member is behind a pointer for the reason that endpoint gives.
type local struct {
	signer *Signer
	member *Member
}

// Validate returns what is wrong with the Signer, or nil.
func (l *local) Validate() error { return l.signer.usable() }

// Authorize implements Authorizer.
func (l *local) Authorize(_ context.Context, r Request) (Grant, error) {
	if !r.Presence() {
		return l.signer.Private(r.SocketID, r.Channel)
	}
	data := string(r.UserData)
	if l.member.ID != "" || l.member.Info != nil {
		var err error
		if data, err = l.member.ChannelData(); err != nil {
			return Grant{}, err
		}
	}
	return l.signer.Presence(r.SocketID, r.Channel, data)
}

// String returns "auth.Signer.Authorizer{…}" with the member's ID.
func (l *local) String() string { return "auth.Signer.Authorizer{" + l.member.String() + "}" }

// Format implements fmt.Formatter.
func (l *local) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }
