//go:build !race

package simulation

// defaultSeeds is how many seeds a plain go test runs.
const defaultSeeds = 200
