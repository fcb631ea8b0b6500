//go:build !race

package presence

const manyHistories = 3000
