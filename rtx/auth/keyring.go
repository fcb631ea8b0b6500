package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// A keyPair is an API key with its secret.
type keyPair struct{ key, secret Secret }

// newKeyPair returns an *InputError if the key or the secret can't be one. where is added to the
// reason.
func newKeyPair(key, secret, where string) (keyPair, error) {
	if fault := keyFault(key); fault != "" {
		return keyPair{}, &InputError{Field: "key", Reason: fault + where}
	}
	if secret == "" {
		return keyPair{}, &InputError{Field: "secret", Reason: "empty" + where}
	}
	return keyPair{NewSecret(key), NewSecret(secret)}, nil
}

// A keyring has the pair that a Signer signs with, and the one before, which it still verifies. It
// is not changed once made.
type keyring struct {
	now    keyPair
	before keyPair // the zero keyPair if there is none
}

// WithPrevious makes the [Signer] verify the grants of another key and secret too. Use it while the
// secret of an app is being replaced: the Signer signs with the new secret and verifies both. The
// key may be the same as that of the Signer, or another one. See [Signer.Rotate] for a Signer that
// is in use. NewSigner returns an [*InputError] for a key or secret that can't be one. If it is
// given twice, the later one is used. Default: none.
func WithPrevious(key, secret string) SignerOption {
	return signerOption(func(s *Signer) error {
		previous, err := newKeyPair(key, secret, ", in WithPrevious")
		if err != nil {
			return err
		}
		s.ring.Store(&keyring{now: s.ring.Load().now, before: previous})
		return nil
	})
}

// Rotate replaces the key and the secret. From now on s signs with the new ones. It still verifies
// what was signed with those that it had until now, but not with earlier ones. Calling Rotate once
// more with the same key and secret therefore ends the time of the old ones. The key may stay the
// same. A [Handler] and an Authorizer of s sign with the new ones at once; each grant is made with
// one pair as a whole.
//
// Rotate returns an [*InputError], and changes nothing, if the key or the secret can't be one, or
// if s was not made by [NewSigner]. docs/auth.md says in which order to replace a secret so that no
// subscription is refused.
func (s *Signer) Rotate(key, secret string) error {
	if err := s.usable(); err != nil {
		return err
	}
	next, err := newKeyPair(key, secret, "")
	if err != nil {
		return err
	}
	for {
		old := s.ring.Load()
		if s.ring.CompareAndSwap(old, &keyring{now: next, before: old.now}) {
			return nil
		}
	}
}

// sign returns the signature for the parts, which are joined by colons.
func (p keyPair) sign(socketID, channel string, data ...string) string {
	mac := hmac.New(sha256.New, []byte(p.secret.Reveal()))
	text := make([]byte, 0, 512)
	text = append(text, socketID...)
	text = append(append(text, ':'), channel...)
	for _, d := range data {
		text = append(append(text, ':'), d...)
	}
	mac.Write(text)
	var sum [signatureSize]byte
	key := p.key.Reveal()
	auth := make([]byte, 0, len(key)+1+2*signatureSize)
	auth = append(append(auth, key...), ':')
	return string(hex.AppendEncode(auth, mac.Sum(sum[:0])))
}

// verifies reports whether a signature is one of the ring for the parts. It takes the same time for
// every signature of the right length.
func (r *keyring) verifies(auth, socketID, channel string, data ...string) bool {
	now := hmac.Equal([]byte(auth), []byte(r.now.sign(socketID, channel, data...)))
	before := false
	if r.before != (keyPair{}) {
		before = hmac.Equal([]byte(auth), []byte(r.before.sign(socketID, channel, data...)))
	}
	return now || before
}
