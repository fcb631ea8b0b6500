package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// A usageError is a command line that can't be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// explain turns an error of the library into one line that says what to do.
func (c *connection) explain(err error) error { return c.explainFault(err, false) }

// explainLoss is explain for what ended a connection that there was.
func (c *connection) explainLoss(err error) error { return c.explainFault(err, true) }

func (c *connection) explainFault(err error, before bool) error {
	if err == nil {
		return nil
	}
	if text := c.explainChoice(err); text != "" {
		return usage("%s", text)
	}
	if _, refused := errors.AsType[*rtx.SubscribeError](err); errors.Is(err, rtx.ErrTooLarge) && !refused {
		return errors.New(c.names().TooLarge())
	}
	fault := faultOf(err)
	fault.Before = before
	for _, text := range []string{c.explainChannel(err), c.names().Connection(fault)} {
		if text != "" {
			return c.examined(errors.New(text))
		}
	}
	return c.examined(errors.New(advice.Bare(err)))
}

// names are what the command line calls its settings.
func (c *connection) names() advice.Names {
	n := advice.Names{
		Service:  c.target,
		Path:     c.path,
		URL:      "--url (RTX_URL)",
		Key:      "--key (RTX_KEY)",
		Endpoint: "--auth-endpoint (RTX_AUTH_ENDPOINT)",
		Proxy:    "HTTPS_PROXY, HTTP_PROXY",
		OnServer: "it is on the RealtimeX server itself: give your own backend, or the URL that rtx serve prints",
		Sign:     "give --auth-endpoint (RTX_AUTH_ENDPOINT), your backend's URL, or set RTX_SECRET to sign here",
	}
	switch c.signing {
	case byEndpoint:
		n.Signed = "check that the auth endpoint signs with this app's secret"
	case bySecret:
		n.Signed = "check RTX_SECRET and RTX_KEY"
	}
	return n
}

// explainChoice is about what the command line says, and what it lacks.
func (c *connection) explainChoice(err error) string {
	switch {
	case errors.Is(err, rtx.ErrAuthRequired):
		return c.names().NeedsAuth("")
	case errors.Is(err, rtx.ErrChannelName):
		return "the channel's name is empty, longer than 200 bytes, or holds control characters"
	case errors.Is(err, rtx.ErrEventName):
		return "the event's name must begin with \"client-\" and be at most 200 bytes; with rtx serve, --dev sends any event"
	case errors.Is(err, rtx.ErrPublicChannel):
		return "client events need a private- or presence- channel, others are dropped by the service; with rtx serve, --dev sends to any channel"
	case errors.Is(err, presence.ErrNotPresence):
		return "the channel's name must begin with \"presence-\""
	}
	if e, ok := errors.AsType[*auth.InputError](err); ok {
		return strings.ReplaceAll(e.Field, "_", " ") + ": " + e.Reason
	}
	return ""
}

// explainChannel is about a channel that could not be joined, or used.
func (c *connection) explainChannel(err error) string {
	switch e, ok := errors.AsType[*rtx.SubscribeError](err); {
	case ok:
		return c.names().Channel(refusal(e))
	case errors.Is(err, rtx.ErrNotConnected):
		return c.names().NotConnected("", true)
	}
	return ""
}

// refusal is what is known of a channel that could not be joined.
func refusal(e *rtx.SubscribeError) advice.Refusal {
	r := advice.Refusal{Channel: e.Channel, Code: e.Code, Message: e.Message, Err: e.Err}
	r.Silent = errors.Is(e, rtx.ErrSubscribeTimeout)
	if denied, ok := errors.AsType[*auth.DeniedError](e); ok {
		r.Status, r.Reason, r.OnServer = denied.Status, denied.Reason, denied.OnServer
	}
	if answer, ok := errors.AsType[*auth.AnswerError](e); ok {
		r.OnServer = answer.OnServer
		r.Answer = strings.TrimSpace(answer.Field + " " + answer.Reason)
	}
	return r
}
