package record

import "fmt"

// A VersionError means that a recording has a version of the format that this package can't read.
type VersionError struct {
	Version int // that of the file
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("record: the recording has version %d of the format, and this program reads version %d: use one that is as new", e.Version, Version)
}

// A FormatError means that a line is not what stands in a recording. It does not show the line.
type FormatError struct {
	Line   int    // from 1, which is the header
	Reason string // what is wrong, such as "is no JSON"
}

func (e *FormatError) Error() string { return fmt.Sprintf("record: line %d %s", e.Line, e.Reason) }

// A LimitError means that a recording stopped at a limit, or that a file is over one.
type LimitError struct {
	Limit string // "size", "entries", "line", "secrets" or "writer"; see Entry.Limit
	Max   int64  // bytes, or how many; 0 if Limit is "writer"
}

func (e *LimitError) Error() string {
	switch e.Limit {
	case "writer":
		return "record: stopped: what was recorded could not be written as fast as it came"
	case "size":
		return fmt.Sprintf("record: stopped at the limit of %d bytes", e.Max)
	case "line":
		return fmt.Sprintf("record: stopped at a line of more than %d bytes", e.Max)
	case "secrets":
		return fmt.Sprintf("record: stopped, because there were more than %d secrets to hide", e.Max)
	}
	return fmt.Sprintf("record: stopped at the limit of %d entries", e.Max)
}

// An OptionError means that an option of [New] has an invalid value.
type OptionError struct {
	Option string // the name of the option, such as "WithMaxSize"
	Reason string // what is wrong with it
}

func (e *OptionError) Error() string { return "record: " + e.Option + ": " + e.Reason }
