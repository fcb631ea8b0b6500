//go:build !race

package simulation

const (
	defaultSeeds = 150 // how many seeds a plain go test runs
	replaySeeds  = 3   // and how many it replays
	raceDetector = false
)
