package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/internal/redact"
)

func doctorCommand(console *console) *cobra.Command {
	d := &doctor{console: console}
	cmd := &cobra.Command{
		Use:   "doctor [URL]",
		Short: "Check the way to the service, step by step",
		Long: `doctor checks everything that a client needs, from where it runs, in the order in
which a client needs it: the proxy of the environment, the name, the connection,
TLS, both transports, the API key, the first event, a ping, recovery, the ids of
messages, and with --auth-endpoint the backend that signs.

Each check is one line: ok, warn (it works, and something is to be known), fail (with
what to do), or skip. It fails if a check fails. The API key is never shown.

With --json each check is one line {"time","check","status","detail","todo"}.`,
		Example: `  rtx doctor ws://127.0.0.1:6001 --key app-key --timeout 5s
  rtx doctor --json --url ws://127.0.0.1:6001 --key app-key --timeout 5s`,
		Args:              between(0, "URL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 { // as if by --url: a context's key is for its own service
				if err := cmd.Flags().Set("url", args[0]); err != nil {
					return err
				}
			}
			if err := d.conn.resolve(cmd); err != nil {
				return err
			}
			return d.run(cmd.Context())
		},
	}
	d.conn.urlFlag(cmd)
	d.conn.keyFlag(cmd)
	d.conn.authFlags(cmd)
	cmd.Flags().StringVar(&d.channel, "channel", "private-rtx-doctor", "the `NAME` of the channel that the auth endpoint is asked for")
	cmd.Flags().StringVar(&d.origin, "preflight-origin", "http://localhost", "the `ORIGIN` of the web page that the auth endpoint's preflight is asked for")
	cmd.Flags().DurationVar(&d.timeout, "timeout", 10*time.Second, "how long to wait for an answer")
	cmd.Flags().BoolVar(&d.asJSON, "json", false, "one JSON object a line")
	return cmd
}

// A doctor runs the checks, one after the other.
type doctor struct {
	conn            connection
	channel, origin string
	timeout         time.Duration
	asJSON          bool
	console         *console
	line            *jsonLine
	failed          int

	url    *url.URL // the service's, with http or https
	proxy  *url.URL // nil if there is none
	client *http.Client
	hidden redact.Secrets // what others may quote, and no line shows
}

// A status is the outcome of a check.
type status string

const (
	statusOK   status = "ok"
	statusWarn status = "warn"
	statusFail status = "fail"
	statusSkip status = "skip"
)

// errStop ends the checks, because those that follow can't succeed.
var errStop = errors.New("nothing further can be checked")

func (d *doctor) run(ctx context.Context) error {
	if d.timeout <= 0 {
		return usage("--timeout must be above 0")
	}
	if d.conn.key == "" {
		return usage("there is no API key: give --key, or set RTX_KEY")
	}
	u, err := url.Parse(d.conn.url)
	if err != nil {
		return usage("--url (RTX_URL) is not a URL")
	}
	d.url = pollingURL(u)
	d.line = newJSONLine()
	d.hidden = redact.Of(d.conn.key).With(d.conn.secret)
	d.client = &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, OnProxyConnectResponse: onConnect,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, check := range []func(context.Context) error{d.checkProxy, d.checkName, d.checkConnection, d.checkPolling, d.checkSession} {
		err := check(ctx)
		if err := d.console.Flush(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errStop) {
			break
		}
		if err != nil {
			return err
		}
	}
	if d.failed > 0 {
		return &checksError{d.failed}
	}
	return nil
}

// pollingURL returns the URL of Socket.IO, with the scheme of HTTP.
func pollingURL(given *url.URL) *url.URL {
	u := *given
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/socket.io/"
	} else if u.Path[len(u.Path)-1] != '/' {
		u.RawPath = u.EscapedPath() + "/"
		u.Path += "/"
	}
	return &u
}

func (d *doctor) encrypted() bool { return d.url.Scheme == "https" }

// report prints the outcome of a check. todo is what to do about it, or "".
func (d *doctor) report(check string, s status, detail, todo string) error {
	if s == statusFail {
		d.failed++
	}
	detail, todo = d.hidden.Hide(detail), d.hidden.Hide(todo)
	if d.asJSON {
		d.line.begin(time.Now())
		d.line.add("check", check)
		d.line.add("status", string(s))
		d.line.add("detail", printable(detail))
		if todo != "" {
			d.line.add("todo", printable(todo))
		}
		return d.console.Print(d.line.end())
	}
	if todo != "" {
		detail += ": " + todo
	}
	mark := fmt.Sprintf("%-4s", s)
	if s == statusFail {
		mark = d.console.outColour.bad(mark)
	}
	return d.console.Print(fmt.Appendf(nil, "%s  %-11s  %s", mark, check, printable(detail)))
}

// fail reports a check that failed, in the words of an advice, and ends the checks.
func (d *doctor) fail(check, text string) error {
	return errors.Join(d.report(check, statusFail, text, ""), errStop)
}

// explainDial says what an error of the network means.
func (d *doctor) explainDial(err error) string {
	fault := advice.Of(err)
	if fault.Step == "" {
		fault.Step = "dial"
		if fault.Cause == nil {
			fault.Cause = err
		}
	}
	return d.conn.names().Connection(fault)
}
