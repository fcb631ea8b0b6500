package transport

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hostFault returns what is wrong with the host of a URL ("name", "name:443" or "[::1]:443"), or ""
// if nothing is. An IPv6 address may have a zone.
func hostFault(host string) string {
	u := url.URL{Host: host}
	name, port := u.Hostname(), u.Port()
	switch {
	case name == "":
		return "has no host"
	case !utf8.ValidString(host) || strings.ContainsFunc(host, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }):
		return "has a host with spaces or characters that don't print"
	}
	rest := strings.TrimPrefix(host, name)
	switch {
	case strings.HasPrefix(host, "["):
		if ip, err := netip.ParseAddr(name); err != nil || !ip.Is6() {
			return "has brackets around what is no IPv6 address"
		}
		rest = host[strings.LastIndexByte(host, ']')+1:]
	case strings.Contains(name, ":"): // which Hostname would have taken off with a port
		return "has a port that is none, or an IPv6 address without brackets"
	case strings.ContainsAny(name, `/\?#@%<>"[]`):
		return "has a host with characters that no host has"
	}
	if rest == "" || rest == ":" {
		return ""
	}
	if n, err := strconv.Atoi(port); err != nil || rest != ":"+port || n < 1 || n > 65535 {
		return "has a port that is none"
	}
	return ""
}
