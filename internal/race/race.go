// Package race lets tests do less under the race detector, which makes a program about ten times as
// slow. The gate runs each of them without it too, where they do all.
package race

// Fewer returns n, or less under the race detector.
func Fewer(n, less int) int {
	if Enabled {
		return less
	}
	return n
}
