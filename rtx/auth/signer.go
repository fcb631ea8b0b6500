package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync/atomic"
)

const signatureSize = sha256.Size

// A Signer makes and verifies signatures with the secret of an app. Use it in a backend, not in a
// client. [NewSigner] makes one. The zero Signer and a nil one have no secret, so they sign nothing
// and verify nothing. All methods may be called concurrently.
type Signer struct {
	ring      *atomic.Pointer[keyring] // nil if there is no secret
	invisible bool                     // may stand in names
}

// A SignerOption changes a [Signer]. A nil option is ignored.
type SignerOption interface{ applySigner(*Signer) error }

type signerOption func(*Signer) error

func (o signerOption) applySigner(s *Signer) error { return o(s) }

// WithInvisibleNames allows channel names with characters that can't be seen or that change the
// direction of the text, such as U+200D, the joiner in some emoji, or U+200C, the non-joiner of
// Persian. Two names that look the same can then be two channels. Names with control characters are
// still refused. Default: names with such characters are refused.
func WithInvisibleNames() SignerOption {
	return signerOption(func(s *Signer) error { s.invisible = true; return nil })
}

// NewSigner returns a Signer for the app with this API key and secret. It returns an [*InputError]
// if the key is empty, is longer than 256 bytes, or has a colon or characters other than visible
// ASCII, or if the secret is empty.
func NewSigner(key, secret string, opts ...SignerOption) (*Signer, error) {
	pair, err := newKeyPair(key, secret, "")
	if err != nil {
		return nil, err
	}
	s := &Signer{ring: new(atomic.Pointer[keyring])}
	s.ring.Store(&keyring{now: pair})
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt.applySigner(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// usable returns an error for a Signer that was not made by NewSigner. An empty secret would sign
// what anybody can.
func (s *Signer) usable() error {
	if s == nil || s.ring == nil {
		return &InputError{Field: "secret", Reason: "empty: make the Signer with NewSigner"}
	}
	return nil
}

// Private signs for a private channel. The signature is KEY:hex(HMAC-SHA256(secret,
// socket_id:channel)). Private returns an [*InputError] if it can't sign:
//
//   - The name of the channel does not begin with "private-", is longer than 200 bytes, or has a
//     colon, control characters, U+FFFD or, without [WithInvisibleNames], characters that can't be
//     seen.
//   - The socket id is empty, is longer than 128 bytes, or has a colon or characters other than
//     visible ASCII.
//   - The Signer was not made by [NewSigner].
func (s *Signer) Private(socketID, channel string) (Grant, error) {
	if err := s.signable(socketID, channel, privatePrefix, isPrivate); err != nil {
		return Grant{}, err
	}
	return Grant{Auth: s.ring.Load().now.sign(socketID, channel)}, nil
}

// Presence signs for a presence channel. The signature is KEY:hex(HMAC-SHA256(secret,
// socket_id:channel:channel_data)). The channel data is JSON text, such as [Member.ChannelData]
// returns. Presence signs it and puts it in the Grant byte for byte.
//
// Presence returns an [*InputError] if the name of the channel does not begin with "presence-", for
// the other reasons that Private has, and if it can't sign the channel data:
//
//   - It is not one JSON text in UTF-8 of at most 64 KiB.
//   - It has user_id or user_info twice.
//   - Its user_id is a number that JavaScript can't keep: above 2^53-1, or with more digits than
//     JavaScript keeps. The service and other clients would see another number. Use a string for
//     such an id.
func (s *Signer) Presence(socketID, channel, channelData string) (Grant, error) {
	if err := s.signablePresence(socketID, channel, channelData); err != nil {
		return Grant{}, err
	}
	return Grant{Auth: s.ring.Load().now.sign(socketID, channel, channelData), ChannelData: channelData}, nil
}

// Verify reports whether g is a grant of this Signer for the connection and the channel, made with
// its key and secret or with those before; see [WithPrevious] and [Signer.Rotate]. On a presence
// channel the channel data of g is part of what is verified, and must be there; on a private
// channel it is ignored. Verify reports false for whatever Private and Presence would refuse to
// sign. It compares in constant time. A Signer that was not made by [NewSigner] verifies nothing.
func (s *Signer) Verify(socketID, channel string, g Grant) bool {
	if isPresence(channel) {
		return s.signablePresence(socketID, channel, g.ChannelData) == nil &&
			s.ring.Load().verifies(g.Auth, socketID, channel, g.ChannelData)
	}
	return s.signable(socketID, channel, privatePrefix, isPrivate) == nil && s.ring.Load().verifies(g.Auth, socketID, channel)
}

// Authorizer returns an Authorizer that signs by itself, with the secret of s. On presence channels
// it signs for the member as; with the zero Member it signs the user data of the client. It is for
// programs that may have the secret: backends, tests, tools. Its Validate returns an error if the
// Signer was not made by [NewSigner].
func (s *Signer) Authorizer(as Member) Authorizer {
	return &local{signer: s, member: &as}
}

// Key returns the API key that s signs with. It is "" if the Signer was not made by [NewSigner].
func (s *Signer) Key() string {
	if s.usable() != nil {
		return ""
	}
	return s.ring.Load().now.key.Reveal()
}

// secrets returns the secrets that s signs with or verifies.
func (s *Signer) secrets() []string {
	ring := s.ring.Load()
	return []string{ring.now.secret.Reveal(), ring.before.secret.Reveal()}
}

// String returns "auth.Signer{[redacted]}".
func (s Signer) String() string { return "auth.Signer{" + redacted + "}" }

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (s Signer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
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

// signablePresence returns why a presence channel can't be signed for with that channel data, or
// nil.
func (s *Signer) signablePresence(socketID, channel, channelData string) error {
	if err := s.signable(socketID, channel, presencePrefix, isPresence); err != nil {
		return err
	}
	if fault := channelDataFault(channelData); fault != "" {
		return &InputError{Field: "channel_data", Reason: fault}
	}
	return memberFault(channelData)
}

// local is a Signer's Authorizer. The member is behind a pointer for the reason that endpoint
// gives.
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
