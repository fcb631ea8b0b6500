package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

const defaultURL = "wss://ws.realtimex.net"

// A connection is what the common flags say of the service, and of who signs for private and
// presence channels.
type connection struct {
	url, key, endpoint, secret string
	userID, userInfo           string

	target   string // the service's scheme and host, for people
	path     string // the URL's path
	context  string // the name of the context that was used, or ""
	urlGiven bool   // the URL is from a flag

	completing bool // a shell waits for a completion: no command of a context is run
	signing    signing
	extra      []rtx.Option // beside those that follow from the flags
}

// signing says who signs.
type signing int

const (
	byNobody signing = iota
	byEndpoint
	bySecret
)

// urlFlag, keyFlags and authFlags add the common flags to a command that has a use for them. No
// default shows what the environment holds.
func (c *connection) urlFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.url, "url", "", "the service's `URL`, such as ws://127.0.0.1:6001 (RTX_URL) (default "+defaultURL+")")
}

func (c *connection) keyFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.key, "key", "", "the API `key` (RTX_KEY)")
}

func (c *connection) secretFlag(cmd *cobra.Command, use string) {
	cmd.Flags().StringVar(&c.secret, "secret", "", "the app's `secret`, "+use+" (better RTX_SECRET: it is not in the shell's history)")
}

func (c *connection) authFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.endpoint, "auth-endpoint", "", "the `URL` of your backend that signs for private and presence channels (RTX_AUTH_ENDPOINT)")
	c.secretFlag(cmd, "to sign without a backend, for development")
}

func (c *connection) userFlags(cmd *cobra.Command, id string) {
	cmd.Flags().StringVar(&c.userID, "user-id", "", "the `ID` of the user on presence channels"+id)
	cmd.Flags().StringVar(&c.userInfo, "user-info", "", "what the other members see of that user, as `JSON`")
}

// resolve fills in what the flags left out from a context or the environment, and checks what can be
// checked without the network.
func (c *connection) resolve(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if flags.Changed("auth-endpoint") && flags.Changed("secret") {
		return usage("--auth-endpoint and --secret are two ways to sign: give one")
	}
	chosen, name, err := chosenContext(cmd)
	if err != nil {
		return err
	}
	c.context, c.urlGiven = name, flags.Changed("url")
	if chosen != nil {
		err = c.fill(cmd, chosen)
	} else {
		c.fillFromEnvironment(cmd)
	}
	if err != nil {
		return err
	}
	switch {
	case c.endpoint != "":
		c.signing = byEndpoint
	case c.secret != "":
		c.signing = bySecret
	}
	if flags.Lookup("url") == nil {
		return nil
	}
	return c.setTarget(cmp.Or(c.url, defaultURL))
}

// fillFromEnvironment takes from the environment what the flags left out.
func (c *connection) fillFromEnvironment(cmd *cobra.Command) {
	flags := cmd.Flags()
	for name, into := range map[string]*string{"url": &c.url, "key": &c.key} {
		if f := flags.Lookup(name); f != nil && !f.Changed {
			*into = os.Getenv("RTX_" + strings.ToUpper(name))
		}
	}
	if !flags.Changed("auth-endpoint") && !flags.Changed("secret") {
		c.endpoint = os.Getenv("RTX_AUTH_ENDPOINT")
		c.secret = os.Getenv("RTX_SECRET")
	}
}

func (c *connection) setTarget(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return usage("--url (RTX_URL) is not a URL such as wss://ws.realtimex.net or ws://127.0.0.1:6001")
	case u.Scheme != "ws" && u.Scheme != "wss" && u.Scheme != "http" && u.Scheme != "https":
		return usage("--url (RTX_URL) must begin with ws://, wss://, http:// or https://")
	case u.User != nil || u.Fragment != "":
		return usage("--url (RTX_URL) must not have a user or a fragment")
	}
	c.url = raw
	c.target, c.path = u.Scheme+"://"+u.Host, u.Path
	return nil
}

// client makes the client, and connects to nothing.
func (c *connection) client(console *console) (*rtx.Client, error) {
	if c.key == "" {
		return nil, usage("there is no API key: give --key, or set RTX_KEY")
	}
	if c.key != printable(c.key) {
		return nil, usage("--key (RTX_KEY) holds control characters")
	}
	opts := append([]rtx.Option{rtx.WithURL(c.url)}, c.extra...)
	data, err := c.userData()
	if err != nil {
		return nil, err
	}
	if data != nil {
		opts = append(opts, rtx.WithUserData(data))
	}
	if a, err := c.authorizer(console); err != nil {
		return nil, err
	} else if a != nil {
		opts = append(opts, rtx.WithAuth(a))
	}
	client, err := rtx.New(c.key, opts...)
	if err != nil {
		return nil, usage("%s", advice.Bare(err))
	}
	return client, nil
}

// userData is who to be on presence channels: by --user-id; without one, whoever the auth endpoint
// says, or a name that tells where it comes from.
func (c *connection) userData() (json.RawMessage, error) {
	var info any
	if c.userInfo != "" {
		if !json.Valid([]byte(c.userInfo)) {
			return nil, usage(`--user-info is not JSON, such as '{"name":"Ann"}' or '"Ann"'`)
		}
		info = json.RawMessage(c.userInfo)
	}
	id := c.userID
	if id == "" {
		if c.signing != bySecret {
			if info != nil {
				return nil, usage("--user-info needs --user-id")
			}
			return nil, nil
		}
		id = "rtx-" + rand.Text()[:6]
	}
	data, err := auth.Member{ID: id, Info: info}.ChannelData()
	if err != nil {
		return nil, usage("--user-id, --user-info: %s", advice.Bare(err))
	}
	return json.RawMessage(data), nil
}

func (c *connection) authorizer(console *console) (auth.Authorizer, error) {
	switch c.signing {
	case byEndpoint:
		a := auth.Endpoint(c.endpoint)
		if v, ok := a.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, usage("--auth-endpoint (RTX_AUTH_ENDPOINT): %s", advice.Bare(err))
			}
		}
		return &toldAuthorizer{Authorizer: a, console: console}, nil
	case bySecret:
		signer, err := auth.NewSigner(c.key, c.secret)
		if err != nil {
			return nil, usage("%s", c.explain(err))
		}
		return signer.Authorizer(auth.Member{}), nil
	}
	return nil, nil
}

// A toldAuthorizer tells when the endpoint is in trouble that can pass: the client goes on asking,
// and says nothing.
type toldAuthorizer struct {
	auth.Authorizer
	console *console

	mu   sync.Mutex
	told string // what was told last; "" since it worked
}

// Concurrency is the endpoint's own bound.
func (a *toldAuthorizer) Concurrency() int {
	if bounded, ok := a.Authorizer.(interface{ Concurrency() int }); ok {
		return bounded.Concurrency()
	}
	return 1
}

func (a *toldAuthorizer) Authorize(ctx context.Context, r auth.Request) (auth.Grant, error) {
	grant, err := a.Authorizer.Authorize(ctx, r)
	trouble := ""
	if retry, ok := errors.AsType[*auth.RetryError](err); ok && ctx.Err() == nil {
		trouble = "can't be reached"
		switch {
		case retry.Status != 0:
			trouble = fmt.Sprintf("answers HTTP %d", retry.Status)
		case retry.Timeout():
			trouble = "does not answer in time"
		}
	}
	a.mu.Lock()
	again := a.told == trouble
	a.told = trouble
	a.mu.Unlock()
	if trouble != "" && !again {
		a.console.Notef("the auth endpoint %s, asking again: check --auth-endpoint (RTX_AUTH_ENDPOINT)", trouble)
	}
	return grant, err
}
