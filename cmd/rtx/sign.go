package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func signCommand(console *console) *cobra.Command {
	s := &signature{console: console}
	cmd := &cobra.Command{
		Use:   "sign SOCKET_ID CHANNEL [CHANNEL_DATA]",
		Short: "Make the signature with which a channel is joined",
		Long: `sign prints the signature for a connection and a private or presence channel, as an
auth endpoint would answer it: KEY:signature. For a presence channel CHANNEL_DATA is the
JSON to sign, {"user_id":…,"user_info":…}. It is signed byte for byte.

The secret comes from RTX_SECRET. Without that, sign asks for it on the terminal and
does not show it.

With --json the answer is one line {"auth","channel_data"}.`,
		Example: `  RTX_SECRET=app-secret rtx sign 1234.5678 private-orders --key app-key
  RTX_SECRET=app-secret rtx sign 1234.5678 presence-lobby '{"user_id":"ann"}' --json --key app-key`,
		Args:              between(2, "SOCKET_ID", "CHANNEL", "CHANNEL_DATA"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.conn.resolve(cmd); err != nil {
				return err
			}
			return s.run(cmd.Context(), args)
		},
	}
	s.conn.keyFlag(cmd)
	s.conn.secretFlag(cmd, "to sign with")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type signature struct {
	conn    connection
	asJSON  bool
	console *console
}

func (s *signature) run(ctx context.Context, args []string) error {
	if s.conn.key == "" {
		return usage("there is no API key: give --key, or set RTX_KEY")
	}
	presence := strings.HasPrefix(args[1], "presence-")
	switch {
	case !presence && !strings.HasPrefix(args[1], "private-"):
		return usage("CHANNEL must begin with private- or presence-: others need no signature")
	case presence && len(args) < 3:
		return usage(`CHANNEL_DATA is missing: a presence channel is signed with the user who joins, such as '{"user_id":"ann"}'`)
	case !presence && len(args) == 3:
		return usage("CHANNEL_DATA is for presence channels")
	case presence && !json.Valid([]byte(args[2])):
		return usage(`CHANNEL_DATA is not JSON, such as '{"user_id":"ann"}'`)
	}
	secret := s.conn.secret
	if secret == "" {
		var err error
		if secret, err = askSecret(ctx, s.console); err != nil {
			return err
		}
	}
	grant, err := s.sign(secret, args)
	if err != nil {
		return usage("%s", s.conn.explain(err))
	}
	if s.asJSON {
		line := newJSONLine()
		if err := line.enc.Encode(grant); err != nil {
			return err
		}
		return s.console.Print([]byte(strings.TrimSuffix(line.buf.String(), "\n")))
	}
	return s.console.Print([]byte(grant.Auth))
}

func (s *signature) sign(secret string, args []string) (auth.Grant, error) {
	signer, err := auth.NewSigner(s.conn.key, secret)
	if err != nil {
		return auth.Grant{}, err
	}
	if len(args) == 3 {
		return signer.Presence(args[0], args[1], args[2])
	}
	return signer.Private(args[0], args[1])
}
