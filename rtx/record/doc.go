// Package record writes down what a client saw of the service: each packet and its time, each
// connection and how it ended, and no secret. A recording can be replayed to a client, so that a
// fault seen in production becomes a test.
//
// Give a [Recorder] to rtx.WithDialerWrapper:
//
//	recorder, err := record.New(file)
//	if err != nil {
//		return err
//	}
//	client, err := rtx.New(key, rtx.WithDialerWrapper(recorder.Dialer))
//	if err != nil {
//		return err
//	}
//	…
//	client.Close()
//	err = recorder.Close()
//
// rtxtest.Replay replays the file in a test, and the command rtx serve --replay to a client in any
// language. [NewReader] reads it.
//
// # Secrets
//
// Texts that the client knows to be secret are replaced by stand-ins such as "secret-1", wherever
// they stand: the API key, signatures, tokens, the ids of sessions and sockets. The same text has the
// same stand-in in all of a recording. [WithSecrets] adds texts of the program's own. What publishers
// put into the payloads of events, the names of channels and what members tell of themselves are
// recorded as they are.
//
// # The format
//
// A recording is lines of JSON: a [Header], then an [Entry] on each line. docs/recording.md has the
// fields. A reader takes files of its own [Version] only.
package record
