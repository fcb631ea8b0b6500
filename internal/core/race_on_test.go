//go:build race

package core

// exploreSteps is how many steps are taken in one kind of world under the race detector, which
// slows them down ten times and finds nothing in a machine that has no goroutine.
const exploreSteps = 1500
