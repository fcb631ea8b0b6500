// Package advice has the words for what goes wrong between a client and the service: what it is,
// and what to do about it. The errors of package rtx and the lines of the command rtx take their
// text from here, so that both say the same of the same fault. It is text and nothing else: no I/O,
// no state. What it is told of an error it cuts to 200 bytes and makes printable; it shows no key,
// no secret and no URL but the address it is given.
package advice

// Names are what the reader of a text knows the settings by, and what the reader can do. Each but
// Service may be empty; the sentence then ends before it.
type Names struct {
	Service string // the service's scheme, host and port: "wss://ws.realtimex.net"
	Path    string // the path that was asked for; "" and "/socket.io/" are the usual one

	URL      string // where the address is set: "WithURL"
	Key      string // where the API key is set: "the API key"
	Endpoint string // where the auth endpoint is set: "WithAuthEndpoint"
	Proxy    string // where the proxy is set: "HTTPS_PROXY"

	OnServer  string // what to do where the auth endpoint turns out to be on the service itself
	Sign      string // how to have channels signed: "give WithAuthEndpoint, your backend's URL, or WithAuth"
	Signed    string // what to check when the service does not take a signature
	Connect   string // what to do where there was no connection yet: "call Connect first"
	Again     string // what to do where the connection was lost: "States tells when there is one again"
	Subscribe string // what to do on a channel that is not subscribed
}

// Library are the names that a program knows the settings by, for a client of this service.
func Library(service, path string) Names {
	return Names{
		Service:   service,
		Path:      path,
		URL:       "WithURL",
		Key:       "the API key",
		Endpoint:  "WithAuthEndpoint",
		Proxy:     "HTTPS_PROXY, HTTP_PROXY or the proxy of WithHTTPClient",
		OnServer:  "it is on the RealtimeX server itself, which signs for nobody: give your own backend",
		Sign:      "give WithAuthEndpoint, your backend's URL, or WithAuth",
		Signed:    "check that whoever signs has this app's key and secret",
		Connect:   "call Connect first",
		Again:     "States tells when there is one again",
		Subscribe: "open a stream on it or call Subscribe first, and keep it",
	}
}

// and adds what to do to what is wrong.
func and(text, todo string) string {
	if todo == "" {
		return text
	}
	return text + ": " + todo
}

// check is what to do where a setting is to be looked at.
func check(setting, rest string) string {
	if setting == "" {
		return ""
	}
	return "check " + setting + rest
}
