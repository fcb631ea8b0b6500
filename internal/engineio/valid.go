package engineio

// ValidJSON reports whether b is one JSON value nested no deeper than the limits allow. It allocates nothing.
func ValidJSON(b []byte, lim Limits) bool {
	_, kind := checkValue(b, lim.depth())
	return kind == 0
}
