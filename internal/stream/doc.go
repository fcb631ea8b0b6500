// Package stream is what stands between the client's reader, which must never
// wait, and a consumer that may: a bounded buffer, the losses it had, each in
// its place, and its end.
//
// The words used here:
//
//   - A value is accepted when it goes into the queue, and has the number of
//     values accepted before it as its index.
//   - It is taken when somebody receives it from C, or through Pending, All or
//     Batches.
//   - The head is the value that is taken next, the tail the end of the queue.
//   - A loss has a place: the index of the first value that comes after it. It
//     becomes a [Gap] in the reader's hand once that reader is past its place.
//
// A queue has one producer at a time, and any number of readers. No goroutine
// belongs to it, except one that moves values on while a queue with the policy
// Grow holds more than its buffer does.
package stream
