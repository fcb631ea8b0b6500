package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A usageError is a command line that can't be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// explain turns an error of the library into one line that says what to do.
func (c *connection) explain(err error) error {
	if err == nil {
		return nil
	}
	if text := explainChoice(err); text != "" {
		return usage("%s", text)
	}
	for _, known := range []func(error) string{c.explainRefusal, c.explainChannel, c.explainLink} {
		if text := known(err); text != "" {
			return errors.New(text)
		}
	}
	return errors.New(bare(err))
}

// explainChoice is about what the command line says, and what it lacks.
func explainChoice(err error) string {
	switch {
	case errors.Is(err, rtx.ErrAuthRequired):
		return "the channel needs a signature: give --auth-endpoint (RTX_AUTH_ENDPOINT), your backend's URL, or set RTX_SECRET to sign here"
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

// explainRefusal is about the service that says no to the connection.
func (c *connection) explainRefusal(err error) string {
	const key = "the service refused the API key: check --key (RTX_KEY), and that --url (RTX_URL) is the service it is for"
	if e, ok := errors.AsType[*rtx.ConnectError](err); ok {
		if e.Code == 4001 || strings.Contains(strings.ToLower(e.Message), "key") {
			return key
		}
		return fmt.Sprintf("%s refused the connection: %q (code %d)", c.target, e.Message, e.Code)
	}
	e, ok := errors.AsType[*transport.HandshakeError](err)
	if !ok {
		return ""
	}
	switch {
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return key
	case errors.Is(err, transport.ErrRedirect):
		return fmt.Sprintf("%s redirects to another host, which is not followed: give that one as --url (RTX_URL)", c.target)
	case e.Status >= 500:
		return fmt.Sprintf("%s is not in service now (HTTP %d): try again later", c.target, e.Status)
	case e.Status != 0:
		return fmt.Sprintf("%s is no RealtimeX server (HTTP %d): check --url (RTX_URL)", c.target, e.Status)
	}
	return ""
}

// explainChannel is about a channel that could not be joined.
func (c *connection) explainChannel(err error) string {
	e, ok := errors.AsType[*rtx.SubscribeError](err)
	if !ok {
		return ""
	}
	channel := fmt.Sprintf("channel %q", e.Channel)
	if denied, ok := errors.AsType[*auth.DeniedError](err); ok {
		switch {
		case denied.Status == http.StatusNotFound || denied.Status == http.StatusMethodNotAllowed:
			return fmt.Sprintf("%s: the auth endpoint answers HTTP %d: check --auth-endpoint (RTX_AUTH_ENDPOINT)", channel, denied.Status)
		case denied.Status != 0:
			return fmt.Sprintf("%s: the auth endpoint refused it (HTTP %d): is this user allowed there?", channel, denied.Status)
		}
	}
	if answer, ok := errors.AsType[*auth.AnswerError](err); ok {
		return fmt.Sprintf("%s: the auth endpoint's answer can't be used (%s): check --auth-endpoint (RTX_AUTH_ENDPOINT)",
			channel, strings.TrimSpace(answer.Field+" "+answer.Reason))
	}
	switch {
	case errors.Is(err, rtx.ErrSubscribeTimeout):
		return channel + ": the service did not answer"
	case e.Err != nil:
		return channel + ": " + bare(e.Err)
	}
	text := channel + " was refused by the service"
	if e.Message != "" {
		text += fmt.Sprintf(": %q", e.Message)
	}
	if e.Code != 0 {
		text += fmt.Sprintf(" (code %d)", e.Code)
	}
	switch c.signing {
	case byEndpoint:
		text += ": check that the auth endpoint signs with this app's secret"
	case bySecret:
		text += ": check RTX_SECRET and RTX_KEY"
	}
	return text
}

// explainLink is about the way to the service.
func (c *connection) explainLink(err error) string {
	var (
		dns    *net.DNSError
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		host   x509.HostnameError
		closed *transport.CloseError
	)
	switch {
	case errors.Is(err, rtx.ErrTooLarge):
		return "the event is larger than the service accepts; it was not sent"
	case errors.As(err, &dns):
		return fmt.Sprintf("there is no host %q: check --url (RTX_URL)", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s: check --url (RTX_URL), and that the server is up", c.target)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("%s does not speak TLS: give --url (RTX_URL) with ws:// in place of wss://", c.target)
	case errors.As(err, &host), errors.As(err, &cert):
		return fmt.Sprintf("%s shows a certificate that can't be trusted: check the host in --url (RTX_URL)", c.target)
	case errors.As(err, &closed):
		return fmt.Sprintf("%s closed the connection: code %d %s", c.target, closed.Code, closed.Reason)
	case errors.Is(err, context.DeadlineExceeded) || timedOut(err):
		return fmt.Sprintf("%s did not answer in time: check --url (RTX_URL) and the network", c.target)
	case errors.Is(err, rtx.ErrNotConnected):
		return fmt.Sprintf("the connection to %s was lost", c.target)
	}
	if e, ok := errors.AsType[*transport.HandshakeError](err); ok {
		cause := "it did not end the handshake"
		if e.Err != nil {
			cause = bare(e.Err)
		}
		return fmt.Sprintf("can't connect to %s: %s: check --url (RTX_URL)", c.target, cause)
	}
	return ""
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// bare is an error's text without the names of the packages that it passed through.
func bare(err error) string {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err.Error()
	}
	text := err.Error()
	for _, name := range []string{"rtx: ", "transport: ", "auth: ", "presence: ", "rtxtest: "} {
		text = strings.ReplaceAll(text, name, "")
	}
	return text
}
