package presence

// Stats are counts since the room was opened; those of the service's messages are of all rooms on the channel, since the
// first of them.
type Stats struct {
	Members    int  // who are there now
	Incomplete bool // the service did not tell in full who is there: see the package's documentation

	Merged    uint64 // changes that the reader had not taken when the next came, and that became one with it
	Malformed uint64 // infos that were no T, longer than 64 KiB or deeper than 512 levels: the member has the zero T
	Unknown   uint64 // messages, or parts of them, of no known form, and parts that are missing; logged once
	Repeated  uint64 // joins of who was there, leaves of who was not: the second of a fact's two names counts here
	Dropped   uint64 // messages before the roster that no longer fitted among the 4096 that wait for it; the roster has what they said
}
