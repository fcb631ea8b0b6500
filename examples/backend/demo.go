package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// runDemo starts the backend on a free port and asks it, as a client would, for what it must grant
// and what it must refuse. It returns an error if one outcome is not as it must be.
func runDemo(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	signer, err := auth.NewSigner("demo-key", "demo-secret")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serve(serving, listener, newBackend(signer)) }()
	base := "http://" + listener.Addr().String()
	fmt.Fprintln(out, "listening on", base)
	transport := new(http.Transport)
	err = askAll(ctx, base, &http.Client{Transport: transport}, signer, out)
	transport.CloseIdleConnections()
	stop()
	return errors.Join(err, <-served)
}

func askAll(ctx context.Context, base string, client *http.Client, signer *auth.Signer, out io.Writer) error {
	for _, c := range []struct {
		user, password, channel string
		want                    int // the status of a refusal; 0 for a grant
	}{
		{"alice", "wonderland", "private-orders", 0},
		{"alice", "wonderland", "private-user-alice", 0},
		{"alice", "wonderland", "presence-lobby", 0},
		{"bob", "builder", "presence-lobby", 0},
		{"bob", "builder", "private-orders", http.StatusForbidden},
		{"bob", "builder", "private-user-alice", http.StatusForbidden},
		{"alice", "looking-glass", "private-orders", http.StatusUnauthorized},
	} {
		token, err := logIn(ctx, client, base, c.user, c.password)
		if err != nil {
			return err
		}
		asker := auth.Endpoint(base+"/auth", auth.WithHTTPClient(client), auth.WithToken(
			func(context.Context, bool) (string, error) { return token, nil }))
		r := auth.Request{SocketID: "demo-socket", Channel: c.channel, UserData: []byte(`{"user_id":"root"}`)}
		grant, err := asker.Authorize(ctx, r)
		denied, refused := errors.AsType[*auth.DeniedError](err)
		switch {
		case err == nil && c.want == 0 && signer.Verify(r.SocketID, r.Channel, grant):
			fmt.Fprintf(out, "%-5s joins %-18s %s\n", c.user, c.channel, grant.ChannelData)
		case refused && denied.Status == c.want:
			fmt.Fprintf(out, "%-5s is kept out: %v\n", c.user, err)
		default:
			return fmt.Errorf("%s on %s: %v, %v", c.user, c.channel, grant, err)
		}
	}
	return nil
}

// logIn returns a token; one that is nobody's if the password is wrong.
func logIn(ctx context.Context, client *http.Client, base, user, password string) (string, error) {
	form := url.Values{"user": {user}, "password": {password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return "nobody", nil
	default:
		return "", fmt.Errorf("logging in: %s", resp.Status)
	}
	var answer struct{ Token string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&answer); err != nil {
		return "", err
	}
	return answer.Token, nil
}
