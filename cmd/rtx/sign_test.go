package main

import (
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

func TestSign(t *testing.T) {
	env := []string{"RTX_KEY=app-key", "RTX_SECRET=app-secret"}
	// As `printf 1234.5678:private-orders | openssl dgst -sha256 -hmac app-secret` says.
	const private = "app-key:2d1e5109f17c93a347d0a52f060df3a517761ce1ddcd7bce2998c4f1925a7cab"
	out, err := once(t, env, 0, "sign", "1234.5678", "private-orders")
	if len(out) != 1 || out[0] != private || len(err) != 0 {
		t.Fatalf("%q %q", out, err)
	}
	out, _ = once(t, env, 0, "sign", "1234.5678", "private-orders", "--json")
	wantLine(t, out[0], `{"auth":"`+private+`"}`)
}

func TestSignAsNodeDoes(t *testing.T) {
	nodetest.Skip(t)
	node := nodetest.StartServer(t)
	env := []string{"RTX_KEY=" + node.Key(), "RTX_SECRET=" + node.Secret()}
	const data = `{"user_id":"ann",  "user_info":{"name":"žA<"}}`
	for _, args := range [][]string{{"id.1", "private-orders"}, {"id.1", "presence-lobby", data}} {
		channelData := strings.Join(args[2:], "")
		out, _ := once(t, env, 0, append([]string{"sign"}, args...)...)
		wantLine(t, out[0], node.Sign(args[0], args[1], channelData))
	}
	out, _ := once(t, env, 0, "sign", "id.1", "presence-lobby", data, "--json")
	wantLine(t, out[0], `{"auth":"`+node.Sign("id.1", "presence-lobby", data)+`","channel_data":"{\"user_id\":\"ann\",  \"user_info\":{\"name\":\"žA<\"}}"}`)
}
