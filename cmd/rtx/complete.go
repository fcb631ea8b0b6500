package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// A completion says what an argument may be, as the shell asks for it.
type completion = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

const (
	completeWithin  = 500 * time.Millisecond // a shell waits for it
	maxCompleteBody = 1 << 20                // of the answer, in bytes
	maxCompletions  = 1000
)

// completeChannels has the names of the channels of the server in use, if that is a rtx serve on
// this machine: no other server is asked, and none is sent a token.
func (c *connection) completeChannels(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	const plainOnly = cobra.ShellCompDirectiveNoFileComp
	c.completing = true
	if c.resolve(cmd) != nil {
		return nil, plainOnly
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), completeWithin)
	defer cancel()
	var found []string
	for _, name := range c.channels(ctx) {
		if strings.HasPrefix(name, begun) && !slices.Contains(args, name) && name == printable(name) && len(found) < maxCompletions {
			found = append(found, name)
		}
	}
	return found, plainOnly
}

// completePresence is completeChannels for presence channels only.
func (c *connection) completePresence(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	found, how := c.completeChannels(cmd, args, begun)
	return slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, "presence-") }), how
}

// onlyFirst completes the first argument, and no later one.
func onlyFirst(complete completion) completion {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

// afterFile leaves the first argument, a file, to the shell, and completes those after it.
func afterFile(complete completion) completion {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return complete(cmd, args, begun)
	}
}

// channels asks the HTTP API of rtx serve for the channels that there are; nil if it can't be asked.
func (c *connection) channels(ctx context.Context) []string {
	u, err := url.Parse(c.url)
	if err != nil || !isLoopback(u.Hostname()) {
		return nil
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	u.Path, u.RawPath, u.RawQuery = "/dev/channels", "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil
	}
	if token := devToken(c.secret); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true} // and no proxy: it is on this machine
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var answer struct {
		Channels []struct {
			Name string `json:"name"`
		} `json:"channels"`
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCompleteBody))
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		return nil
	}
	var names []string
	for _, channel := range answer.Channels {
		names = append(names, channel.Name)
	}
	return names
}

// isLoopback reports whether a host is certainly this machine: an address of its loopback, or the
// name localhost.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
