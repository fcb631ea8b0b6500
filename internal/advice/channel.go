package advice

import (
	"fmt"
	"net/http"
)

// A Refusal is what is known of a channel that could not be subscribed.
type Refusal struct {
	Channel string

	Code    int    // the service's code; 0 if it gave none
	Message string // the service's words
	Silent  bool   // the service did not answer

	Status   int    // of the auth endpoint's answer, if it was the endpoint that refused; else 0
	Reason   string // what that means, in this library's words
	Answer   string // what is wrong with the endpoint's answer, in this library's words; "" if nothing is
	OnServer bool   // the endpoint is on the service's own host and port

	Err error // what else went wrong; nil if the service refused
}

// Channel says why a channel could not be subscribed, and what to do.
func (n Names) Channel(r Refusal) string {
	channel := named(r.Channel)
	endpoint, allowed := check(n.Endpoint, ""), "is this user allowed there?"
	if r.OnServer && n.OnServer != "" {
		endpoint, allowed = n.OnServer, n.OnServer
	}
	status := fmt.Sprintf("HTTP %d", r.Status)
	if r.Reason != "" {
		status += ": " + clean(r.Reason)
	}
	switch {
	case r.Status == http.StatusNotFound || r.Status == http.StatusMethodNotAllowed:
		return and(fmt.Sprintf("%s: the auth endpoint has nothing there (%s)", channel, status), endpoint)
	case r.Status != 0:
		return and(fmt.Sprintf("%s: the auth endpoint refused it (%s)", channel, status), allowed)
	case r.Answer != "":
		return and(fmt.Sprintf("%s: the auth endpoint's answer can't be used (%s)", channel, clean(r.Answer)), endpoint)
	case r.Silent:
		return channel + ": the service did not answer"
	case r.Err != nil:
		return channel + ": " + Bare(r.Err)
	}
	text := channel + " was refused by the service"
	if r.Message != "" {
		text += fmt.Sprintf(": %q", clean(r.Message))
	}
	if r.Code != 0 {
		text += fmt.Sprintf(" (code %d)", r.Code)
	}
	return and(text, n.Signed)
}

// NeedsAuth says that a channel has nobody who signs for it. The name may be empty.
func (n Names) NeedsAuth(channel string) string {
	return and(named(channel)+" needs a signature", n.Sign)
}

// NotSubscribed says that nothing holds a channel.
func (n Names) NotSubscribed(channel string) string {
	return and(named(channel)+" is not subscribed", n.Subscribe)
}

// NotConnected says that there is no connection, for what was to be done on a channel; the name is
// empty where it was not about one. Before says whether there was a connection earlier.
func (n Names) NotConnected(channel string, before bool) string {
	text := "there is no connection to " + n.Service + " yet"
	todo := n.Connect
	if before {
		text, todo = "the connection to "+n.Service+" was lost", n.Again
	}
	if channel != "" {
		text = named(channel) + ": " + text
	}
	return and(text, todo)
}

// TooLarge says that an event is more than the service takes.
func (n Names) TooLarge() string {
	return "the event is larger than the service accepts; it was not sent"
}

func named(channel string) string {
	if channel == "" {
		return "the channel"
	}
	return fmt.Sprintf("channel %q", clean(channel))
}
