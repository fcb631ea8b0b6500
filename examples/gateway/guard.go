package main

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guarded keeps pages of other sites out, which use the visitor's browser to reach what listens on
// the visitor's own machine or network.
//
// The Host must be an address, localhost, or one of the names: the owner of a page can have any
// other name resolved to this machine (DNS rebinding), and to the browser the gateway is then of
// the page's own origin. What changes something must come from the gateway's own page, and so must
// what takes up room here for long, which strict is for; a link from another site may lead to the
// rest.
func guarded(next http.Handler, names []string, strict func(*http.Request) bool) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOurs(r.Host, names) {
			http.Error(w, "this is no name of the gateway; it is told of one by -host", http.StatusForbidden)
			return
		}
		checked := r
		if strict(r) { // the protection lets every GET through
			checked = r.Clone(r.Context())
			checked.Method = http.MethodPost
		}
		if err := protection.Check(checked); err != nil {
			http.Error(w, "only the gateway's own page may ask for this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isOurs(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.ContainsFunc(append([]string{"localhost"}, names...), func(name string) bool { return strings.EqualFold(name, host) })
}
