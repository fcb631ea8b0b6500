// Package auth signs for private and presence channels, and asks a backend for such signatures.
//
// A channel whose name begins with "private-" or "presence-" can be joined only with a signature. A
// program needs the secret of the app to make one. The secret belongs in your backend, never in a
// client. A client therefore asks an [Authorizer]: it turns a [Request], which names the connection
// and the channel, into a [Grant], which has the signature. There are three Authorizers:
//
//   - [Endpoint] asks your backend over HTTP. Programs outside the backend use this one. With
//     [WithBatch] it asks for many channels with one request.
//   - [Func] calls a function of yours. One that signs a private channel by itself returns
//     signer.Private(r.SocketID, r.Channel).
//   - [Signer.Authorizer] signs by itself, also presence channels, as one [Member]. It is for
//     programs that may have the secret: backends, tests, tools.
//
// A backend uses a [Signer], which has the API key and the secret, and a [Handler], which answers
// the HTTP requests of clients and asks your code who may join. [Signer.Rotate] replaces the secret
// while the backend runs.
//
// # Errors of an Authorizer
//
// The error of an Authorizer decides what the client does next:
//
//   - A [*DeniedError] is a refusal. It ends this subscription; subscribing again asks again.
//   - An [*AnswerError] means that the answer can't be used. It is a refusal too.
//   - A [*RetryError] is a temporary failure. The client asks again, with back-off, for as long as
//     it wants the channel.
//   - An error that matches [context.Canceled] or [context.DeadlineExceeded] is temporary too.
//   - Any other error, such as one that a Func returns, is a refusal.
//
// # Secrets
//
// The types of this package that hold a secret (Request, Grant, Secret, Signer and the Authorizers)
// don't show it under any verb of fmt or in slog, and no error shows one. Only JSON does: a Grant
// marshals to the answer that the client needs, with the signature.
//
// An error may quote the text of others: of a proxy, a certificate, an http.RoundTripper, or a
// function of yours. The secrets in use and their parts are removed from such a text, it is made
// printable, and it is cut at 200 bytes. The same goes for every error that errors.Unwrap returns.
// A secret of less than 8 bytes is removed only where it is a whole word.
package auth
