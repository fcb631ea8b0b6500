package main

import "strings"

// hideSecret returns the arguments with memory of their own, and overwrites what stands after
// --secret in the process's argument list, where that can be done.
func hideSecret(args []string) []string {
	own := make([]string, len(args))
	next := false
	for i, arg := range args {
		own[i] = strings.Clone(arg)
		value, inline := strings.CutPrefix(arg, "--secret=")
		switch {
		case own[i] == "--":
			next = false
		case next:
			overwrite(arg)
			next = false
		case inline:
			overwrite(value)
		default:
			next = own[i] == "--secret"
		}
	}
	return own
}
