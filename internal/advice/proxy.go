package advice

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"
)

// proxy is about a proxy on the way to the service.
func (n Names) proxy(f Fault) string {
	if !f.ByProxy {
		return ""
	}
	proxy := "the proxy"
	if f.Proxy != "" {
		proxy += " " + clean(f.Proxy)
	}
	switch {
	case f.Answer == http.StatusProxyAuthRequired:
		return and(proxy+" wants a user and a password (HTTP 407)", n.ifSet(n.Proxy, "give them in %s, as http://user:password@host:port"))
	case f.Answer == http.StatusUnauthorized: // as tinyproxy says of a wrong one
		return and(proxy+" does not take this user and password (HTTP 401)", check(n.Proxy, ""))
	case f.Answer >= 500:
		return and(fmt.Sprintf("%s can't reach %s (HTTP %d)", proxy, n.Service, f.Answer), check(n.URL, " and the network"))
	case f.Answer != 0:
		return and(fmt.Sprintf("%s refuses to connect to %s (HTTP %d)", proxy, n.Service, f.Answer), "ask who runs it, or name the host in NO_PROXY")
	case errors.Is(f.Err, syscall.ECONNREFUSED):
		return and("nothing listens at "+proxy, check(n.Proxy, ""))
	case timedOut(f.Err):
		return and(proxy+" did not answer in time", check(n.Proxy, " and the network"))
	case f.Cause == nil:
		return and(proxy+" did not connect to "+n.Service, check(n.Proxy, ""))
	}
	return and(fmt.Sprintf("%s did not connect to %s: %s", proxy, n.Service, Bare(f.Cause)), check(n.Proxy, ""))
}

// ifSet puts the name of a setting into what to do. Without one there is nothing to do.
func (n Names) ifSet(setting, todo string) string {
	if setting == "" {
		return ""
	}
	return fmt.Sprintf(todo, setting)
}
