// Package auth decides who may join private and presence channels, on both sides.
//
// A channel whose name begins with "private-" or "presence-" is joined with a signature that only the holder of the app's
// secret can make. The secret belongs in your backend, never in a client. So a client asks: an [Authorizer] turns a
// [Request] (this connection, that channel) into a [Grant] (the signature). There are three:
//
//   - [Endpoint] asks your own backend over HTTP. This is what programs outside the backend use.
//   - [Func] is a callback of yours.
//   - [Signer.Authorizer] signs on the spot, for programs that hold the secret: backends, tests, tools.
//
// The backend's side is a [Signer], which holds the key and the secret, and [Handler], which puts it behind HTTP and asks
// your code who is allowed in.
//
// # Outcomes
//
// An Authorizer's error decides what the client does next:
//
//   - [*DeniedError] is a refusal. It is final for this subscription; subscribing again asks again.
//   - [*AnswerError] is an answer that can't be used, and says which field is wrong. It is a refusal too.
//   - [*RetryError] is trouble that can pass: the client asks again, with back-off, while the channel is wanted.
//   - An error of the context is no outcome at all.
//   - Any other error, such as one that a Func returns, is a refusal with that error as its reason.
//
// # Secrets
//
// The types of this package that hold a secret (Request, Grant, Secret, Signer and the Authorizers) print without it under
// every verb of fmt and in slog, and no error holds one. JSON is the exception: a Grant marshals to the answer that the
// wire wants, signature included.
//
// Words of others in an error (a proxy's, a certificate's, an http.RoundTripper's, those of a Token or Func of yours) are
// searched for the secrets in use and their parts, made printable and cut at 200 bytes, in the error itself and in whatever
// errors.Unwrap leads to. A secret of less than 8 bytes is replaced where it is a whole word, a longer one anywhere.
package auth
