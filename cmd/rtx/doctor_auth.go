package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// checkAuth asks whoever signs for a channel, and shows the signature to the service.
func (d *doctor) checkAuth(ctx context.Context, t *talking, socketID string) error {
	if d.conn.signing == byNobody {
		return d.report("auth", statusSkip, "nobody signs for private and presence channels", "give --auth-endpoint (RTX_AUTH_ENDPOINT) if you use any")
	}
	if d.conn.signing == byEndpoint {
		if err := d.checkPreflight(ctx); err != nil {
			return err
		}
	}
	authorizer, err := d.conn.authorizer(d.console)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	grant, err := authorizer.Authorize(asking, auth.Request{
		SocketID: socketID, Channel: d.channel, Key: auth.NewSecret(d.conn.key), Server: hostPort(d.url),
	})
	if err != nil {
		return d.report("auth", statusFail, d.conn.explain(&rtx.SubscribeError{Channel: d.channel, Err: err}).Error(), "")
	}
	if err := d.report("auth", statusOK, fmt.Sprintf("signs for %s", d.channel), ""); err != nil {
		return err
	}
	return d.checkSignature(ctx, t, grant)
}

// checkSignature subscribes with the signature.
func (d *doctor) checkSignature(ctx context.Context, t *talking, grant auth.Grant) error {
	t.session.Hide(grant.Auth)
	d.hidden = d.hidden.WithAuth(grant.Auth)
	request, err := json.Marshal([]any{"realtimex:subscribe", map[string]string{"channel": d.channel, "auth": grant.Auth, "channel_data": grant.ChannelData}})
	if err != nil {
		return err
	}
	if err := t.session.Send(ctx, append([]byte("2"), request...)); err != nil {
		return d.fail("signature", d.explainLoss(err))
	}
	args, err := t.await(ctx, d.timeout, "realtimex_internal:subscription_succeeded", "presence:subscription_succeeded", "realtimex_internal:subscription_error")
	switch {
	case errors.Is(err, errNoAnswer):
		return d.report("signature", statusFail, fmt.Sprintf("the service did not answer the subscription to %s within %v", d.channel, d.timeout), "")
	case err != nil:
		return d.fail("signature", d.explainLoss(err))
	}
	var refusal struct {
		Error   any
		Message string
		Code    int
	}
	if len(args) > 0 && json.Unmarshal(args[0], &refusal) == nil && (refusal.Error != nil || refusal.Message != "" || refusal.Code != 0) {
		text := refusal.Message
		if text == "" {
			text, _ = refusal.Error.(string)
		}
		words := d.conn.names().Channel(advice.Refusal{Channel: d.channel, Code: refusal.Code, Message: text})
		return d.report("signature", statusFail, words, "")
	}
	return d.report("signature", statusOK, "accepted by the service", "")
}

// checkPreflight asks the endpoint what a browser asks before it lets a web page ask (the Fetch
// standard's CORS protocol).
func (d *doctor) checkPreflight(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodOptions, d.conn.endpoint, nil)
	if err != nil {
		return usage("--auth-endpoint (RTX_AUTH_ENDPOINT) is not a URL")
	}
	req.Header.Set("Origin", d.origin)
	req.Header.Set("Access-Control-Request-Method", http.MethodPost)
	req.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
	resp, err := d.client.Do(req)
	if err != nil {
		return d.report("preflight", statusWarn, "the auth endpoint did not answer OPTIONS", "check --auth-endpoint (RTX_AUTH_ENDPOINT)")
	}
	_ = resp.Body.Close()
	const browsers = "web pages of other origins can't ask it; programs can"
	allowed := resp.Header.Get("Access-Control-Allow-Origin")
	switch {
	case resp.StatusCode < 200 || resp.StatusCode >= 300:
		return d.report("preflight", statusWarn, fmt.Sprintf("the auth endpoint answers OPTIONS with HTTP %d", resp.StatusCode), browsers)
	case allowed != "*" && allowed != d.origin:
		return d.report("preflight", statusWarn, "the auth endpoint does not allow "+d.origin, browsers)
	}
	return d.report("preflight", statusOK, "the auth endpoint allows "+d.origin, "")
}
