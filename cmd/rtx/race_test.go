//go:build race

package main

// buildFlags has the command built with the race detector, as the tests are.
var buildFlags = []string{"-race"}
