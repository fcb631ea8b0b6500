package transport

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// canonicalHeader returns a copy of h with canonical names, so that "host" becomes Host, or an
// error if a header is invalid. net/http would refuse that only when it sends the header, and would
// send Host as a header without effect. The error shows no value.
func canonicalHeader(h http.Header) (http.Header, error) {
	if h == nil {
		return nil, nil
	}
	canonical := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) { // for one order of the values
		if name == "" || strings.ContainsFunc(name, notInName) {
			return nil, &ConfigError{"Header", fmt.Sprintf("has the name %.100q, which HTTP does not allow", name)}
		}
		for _, value := range h[name] {
			if strings.ContainsFunc(value, notInValue) {
				return nil, &ConfigError{"Header", fmt.Sprintf("has control characters in a value of %.100q", name)}
			}
			canonical.Add(name, value)
		}
	}
	switch hosts := canonical["Host"]; len(hosts) {
	case 0:
		return canonical, nil
	case 1:
		if fault := hostFault(hosts[0]); fault != "" {
			return nil, &ConfigError{"Header", fmt.Sprintf("%s in the value of Host", fault)}
		}
		return canonical, nil
	default:
		return nil, &ConfigError{"Header", "has more than one Host"}
	}
}

// notInName is true for what RFC 9110, section 5.6.2, does not have in a token.
func notInName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// notInValue is true for control characters other than the tab (RFC 9110, section 5.5).
func notInValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
