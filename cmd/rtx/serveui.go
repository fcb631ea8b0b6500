package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	rtxconsole "github.com/realtimex/realtimex-go/cmd/rtx/console"
	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A ui is the console of rtx serve, if it is asked for.
type ui struct {
	on, remote bool
	addr       string

	token string // "" if it is not asked for
	base  string // its URL without the token
	feed  *rtxconsole.Feed
}

func (u *ui) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&u.on, "ui", false, "serve a console for browsers, and an API for tests")
	cmd.Flags().StringVar(&u.addr, "ui-addr", "127.0.0.1:6003", "the `address` of the console; port 0 is any free one")
	cmd.Flags().BoolVar(&u.remote, "remote", false, "let other machines reach the console too, if --ui-addr does")
}

// check says what can't be, before anything is opened, and makes the token.
func (u *ui) check() error {
	if !u.on {
		return nil
	}
	if !u.remote && !onLoopback(u.addr) {
		return usage("--ui-addr: other machines could reach %s, and whoever has its token can publish and break the server: give --remote if that is meant", u.addr)
	}
	if u.token = os.Getenv("RTX_UI_TOKEN"); u.token == "" {
		var random [16]byte
		_, _ = rand.Read(random[:]) // it never fails
		u.token = hex.EncodeToString(random[:])
	}
	if len(u.token) < 16 || strings.ContainsFunc(u.token, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"#%&+`, r) }) {
		return usage("RTX_UI_TOKEN: want at least 16 letters, digits or signs such as - and _")
	}
	return nil
}

// options are what the server needs so that there is something to see.
func (u *ui) options() []testserver.Option {
	if !u.on {
		return nil
	}
	u.feed = rtxconsole.NewFeed()
	return []testserver.Option{testserver.WithObserver(u.feed.Observe)}
}

// serve starts the console. failed is closed if it ends by itself; stop waits for its end, and
// returns why.
func (u *ui) serve(ctx context.Context, server *testserver.Server, secret string, hosts []string) (failed <-chan struct{}, stop func() error, err error) {
	if !u.on {
		return nil, func() error { return nil }, nil
	}
	listener, err := net.Listen("tcp", u.addr)
	if err != nil {
		why := cmp.Or(explainListen(u.addr, err), err)
		return nil, nil, errors.New(strings.ReplaceAll(why.Error(), "--addr", "--ui-addr"))
	}
	c, err := rtxconsole.New(rtxconsole.Config{
		Server: server, Feed: u.feed, Secret: secret, Token: u.token, Addr: listener.Addr().String(), Hosts: hosts,
	})
	if err != nil {
		_ = listener.Close()
		return nil, nil, usage("--ui: %v", err)
	}
	u.base = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	var why error
	go func() {
		defer close(ended)
		why = c.Serve(ctx, listener, grace/2)
	}()
	return ended, func() error {
		cancel()
		<-ended
		return why
	}, nil
}

// add adds where the console is to the line of --json.
func (u *ui) add(line *jsonLine) {
	if u.on {
		line.add("ui", u.url())
		line.add("api", u.base+"/api/v1")
		line.add("token", u.token)
	}
}

// lines say where the console is. It is the only time that the token is shown.
func (u *ui) lines() []string {
	if !u.on {
		return nil
	}
	return []string{"look    " + u.url()}
}

// url is the console with its token in the fragment, which browsers keep to themselves: it is in no
// request and no log.
func (u *ui) url() string { return u.base + "/#token=" + u.token }
