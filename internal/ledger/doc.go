// Package ledger holds a client to the promise that nothing is lost in silence.
//
// A [Book] is the service's side: it numbers every event of a channel and keeps what was accepted,
// in order. A [Tape] is the client's side: what one stream handed out, values and gaps in the order
// seen. A [Link] is what the client said of its connection. [Check] compares them, and returns each
// breach of the law:
//
//   - every value was accepted, on that channel and under that name, and is one the stream is for;
//   - the numbers of a channel strictly rise, so none comes twice, and the order between channels
//     is the service's;
//   - every hole has its gap in its place: exactly there for a reader of All and Batches, there or
//     earlier for a reader of C and Gaps;
//   - what overflowed and what could not be decoded is counted exactly;
//   - a hole that no count covers says Reconnected, or Ended, and the missing events were accepted
//     before the gap's Until: from then on everything arrives; and not before its Since, but for
//     the time that events take on their way;
//   - what is counted was accepted in the gap's time, or earlier where the oldest value makes room;
//   - a gap of several channels stands for one of each: of its counts each lost event takes one;
//   - no gap without a cause: a lost and not recovered connection, a channel that was left or
//     refused.
//
// What is promised begins when Ready returns nil, and ends with the stream, or when the stream
// gives a channel up.
//
// [Sent] holds Trigger to its word in the same way: what it returned nil for and the link stayed up
// for, the service has once, in order.
package ledger
