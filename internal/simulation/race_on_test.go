//go:build race

package simulation

const (
	defaultSeeds = 40   // how many seeds a plain go test runs
	replaySeeds  = 1    // and how many it replays
	raceDetector = true // which has the scheduler draw the order of goroutines
)
