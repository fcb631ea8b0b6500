//go:build race

package presence

// manyHistories is how many histories a test run plays; the race detector makes each ten times as
// long.
const manyHistories = 300
