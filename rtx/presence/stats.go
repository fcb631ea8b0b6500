package presence

// Stats are the figures of a room at one moment. Merged and Malformed count since the room was
// opened. Unknown, Repeated and Dropped count messages of the service for all rooms of the channel,
// since the first of them was opened.
type Stats struct {
	ID         uint64 // the room's ID in [rtx.Client.StreamStats]; 0 of a room that never was open
	Members    int    // members in the roster now
	Incomplete bool   // the roster is incomplete: see the package documentation

	// Merged counts changes that were merged into the next one, because the reader had not received
	// them.
	Merged uint64

	// Malformed counts infos that do not decode into T or exceed a limit. Their members have the
	// zero T.
	Malformed uint64

	// Unknown counts messages, or parts of them, that are of an unknown form or missing. The first
	// of each kind is logged.
	Unknown uint64

	// Repeated counts joins of members who were there and leaves of those who were not. The service
	// may report one fact under two names; the second counts here.
	Repeated uint64

	// Dropped counts messages that came before the roster and did not fit among the 4096 that are
	// kept until it comes. The roster has what they said.
	Dropped uint64
}
