package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/rtx"
)

func triggerCommand(console *console) *cobra.Command {
	t := &trigger{console: console}
	cmd := &cobra.Command{
		Use:   "trigger CHANNEL EVENT [DATA|-]",
		Short: "Send events",
		Long: `trigger sends a client event to the others on a private or presence channel. It
subscribes, waits for the confirmation, and sends. DATA is JSON, by default null. If
DATA is -, each JSON value on standard input is sent as one event.

With --dev the event is published through the HTTP API of rtx serve: on any channel,
with any name, to every subscriber. If rtx serve has a secret of its own, trigger needs
the same secret.`,
		Example: `  RTX_SECRET=app-secret rtx trigger private-orders client-seen '{"id":1}' --url ws://127.0.0.1:6001 --key app-key
  echo '{"id":2} {"id":3}' | RTX_SECRET=app-secret rtx trigger private-orders client-seen - --url ws://127.0.0.1:6001 --key app-key
  rtx trigger orders created '{"id":1,"item":"tea"}' --dev --url ws://127.0.0.1:6001`,
		Args:              between(2, "CHANNEL", "EVENT", "DATA"),
		ValidArgsFunction: onlyFirst(t.conn.completeChannels),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.conn.resolve(cmd); err != nil {
				return err
			}
			return t.run(cmd.Context(), args)
		},
	}
	t.conn.urlFlag(cmd)
	t.conn.keyFlag(cmd)
	t.conn.authFlags(cmd)
	t.conn.userFlags(cmd, " (with --secret: default an invented name)")
	cmd.Flags().BoolVar(&t.dev, "dev", false, "publish through the HTTP API of rtx serve")
	cmd.Flags().BoolVar(&t.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type trigger struct {
	conn           connection
	channel, event string
	dev, asJSON    bool
	console        *console
	line           *jsonLine
	sent           int
}

func (t *trigger) run(ctx context.Context, args []string) error {
	t.channel, t.event, t.line = args[0], args[1], newJSONLine()
	next, err := t.values(args[2:])
	if err != nil {
		return err
	}
	if t.dev {
		return t.sendAll(next, func(data json.RawMessage) (int, error) { return t.publish(ctx, data) })
	}
	switch {
	case !strings.HasPrefix(t.channel, "private-") && !strings.HasPrefix(t.channel, "presence-"):
		return t.conn.explain(rtx.ErrPublicChannel)
	case !strings.HasPrefix(t.event, "client-"):
		return t.conn.explain(rtx.ErrEventName)
	}
	s, err := t.conn.open(ctx, t.console)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.connect(ctx, limit{}); err != nil {
		return err
	}
	channel := s.Channel(t.channel)
	joining := limit{duration: joinTimeout}
	joining.start()
	var hold *rtx.Hold
	err = s.join(ctx, joining, func(ctx context.Context) (err error) {
		hold, err = channel.Subscribe(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer hold.Release()
	err = t.sendAll(next, func(data json.RawMessage) (int, error) {
		return unknown, t.conn.explain(channel.Trigger(ctx, t.event, data))
	})
	if t.sent == 0 {
		return err
	}
	return errors.Join(err, t.settle(ctx, s))
}

// joinTimeout bounds the wait for the subscription.
const joinTimeout = 10 * time.Second

// settleTimeout bounds the wait for a service that answers no pings.
const settleTimeout = 2 * time.Second

// settle waits until the service has dealt with what was sent: servers on socket.io drop the events
// of a client that leaves in the same moment. The answer to a ping comes after them; where there is
// none, the time will have been enough.
func (t *trigger) settle(ctx context.Context, s *session) error {
	timed, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if _, err := s.Ping(timed); errors.Is(err, rtx.ErrNotConnected) {
		return fmt.Errorf("the connection was lost after sending: the last events may not have arrived (sent: %d)", t.sent)
	}
	return nil
}

// values gives what is to be sent, one JSON value after the other, and io.EOF at the end.
func (t *trigger) values(data []string) (func() (json.RawMessage, error), error) {
	if len(data) == 1 && data[0] == "-" {
		decoder := json.NewDecoder(t.console.stdin)
		return func() (json.RawMessage, error) {
			var v json.RawMessage
			err := decoder.Decode(&v)
			if err != nil && err != io.EOF {
				return nil, fmt.Errorf("value %d on standard input is not JSON: a text needs quotes, \"like this\"", t.sent+1)
			}
			return v, err
		}, nil
	}
	value := json.RawMessage("null")
	if len(data) == 1 {
		value = json.RawMessage(strings.TrimSpace(data[0]))
		if !json.Valid(value) {
			return nil, usage(`DATA is not JSON: a text needs quotes of its own, '"like this"'`)
		}
	}
	done := false
	return func() (json.RawMessage, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		return value, nil
	}, nil
}

// unknown is the number of subscribers that a client event reached.
const unknown = -1

func (t *trigger) sendAll(next func() (json.RawMessage, error), send func(json.RawMessage) (int, error)) error {
	for {
		data, err := next()
		if err == io.EOF { //nolint:errorlint // next returns it unwrapped
			return t.console.Flush()
		}
		if err == nil {
			err = t.send(data, send)
		}
		if err != nil {
			if t.sent > 0 {
				err = fmt.Errorf("%w (sent before: %d)", err, t.sent)
			}
			return errors.Join(t.console.Flush(), err)
		}
	}
}

func (t *trigger) send(data json.RawMessage, send func(json.RawMessage) (int, error)) error {
	subscribers, err := send(data)
	if err != nil {
		return err
	}
	t.sent++
	if t.asJSON {
		t.line.begin(time.Now())
		t.line.add("channel", t.channel)
		t.line.add("event", t.event)
		t.line.addRaw("data", data)
		if subscribers != unknown {
			t.line.add("subscribers", subscribers)
		}
		return t.console.Print(t.line.end())
	}
	colour := t.console.outColour
	reached := ""
	if subscribers != unknown {
		reached = fmt.Sprintf("  (subscribers: %d)", subscribers)
	}
	return t.console.Print(fmt.Appendf(nil, "%s  %s  %s  %s%s", stamp(time.Now(), colour), colour.name(printable(t.channel)),
		colour.event(printable(t.event)), printable(string(data)), colour.dim(reached)))
}

const (
	devTimeout   = 10 * time.Second
	maxDevAnswer = 64 << 10
)

// publish sends an event through the /dev face of rtx serve, and returns how many subscribers there
// were.
func (t *trigger) publish(ctx context.Context, data json.RawMessage) (int, error) {
	body := newJSONLine()
	body.begin(time.Now())
	body.add("channel", t.channel)
	body.add("event", t.event)
	body.addRaw("data", data)
	u, err := url.Parse(t.conn.url)
	if err != nil {
		return 0, err
	}
	u.Scheme = map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	if u.Scheme == "" {
		u.Scheme, _, _ = strings.Cut(t.conn.url, ":")
	}
	u.Path, u.RawQuery = "/dev/trigger", ""
	ctx, cancel := context.WithTimeout(ctx, devTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body.end()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token := devToken(t.conn.secret); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return 0, t.conn.explain(err)
	}
	defer response.Body.Close()
	var answer struct {
		Subscribers *int `json:"subscribers"`
	}
	if response.StatusCode == http.StatusUnauthorized {
		return 0, fmt.Errorf("%s did not take the event: set RTX_SECRET to the secret that rtx serve was given", t.conn.target)
	}
	err = json.NewDecoder(io.LimitReader(response.Body, maxDevAnswer)).Decode(&answer)
	if response.StatusCode != http.StatusOK || err != nil || answer.Subscribers == nil {
		return 0, &failure{fmt.Errorf("%s did not take the event (HTTP %d): --dev works with rtx serve only", t.conn.target, response.StatusCode), "rtx serve"}
	}
	return *answer.Subscribers, nil
}
