package main

import (
	"errors"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func contextCommand(console *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context",
		Short: "Give services names, and choose one",
		Long: `context keeps services by name: a URL, an API key, and who signs. Every command takes
--context NAME, or RTX_CONTEXT; rtx context use NAME sets the one that is used when
nothing else is said.

Flags beat the context. A context that is named stands in place of RTX_URL, RTX_KEY,
RTX_AUTH_ENDPOINT and RTX_SECRET; the one of rtx context use is passed over while one
of them is set. With a --url of another service a context's key and secret are not
used. rtx serve and rtx auth-server take a context only if it is named.

The file is contexts.json in rtx, in the directory for configuration of the system
(such as ~/.config). Only you may read it: rtx refuses it otherwise. It holds no app
secret, only the file or the command that has it.`,
		Example: `  rtx context add dev --url ws://127.0.0.1:6001 --key app-key
  rtx context list`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("no such command: want add, use, list or remove")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(contextAdd(console), contextUse(console), contextList(console), contextRemove(console))
	return cmd
}

func contextAdd(console *console) *cobra.Command {
	var (
		add   savedContext
		force bool
	)
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a context",
		Long: `add adds a context. The first one is used from then on, as by rtx context use.

The API key is given, or is the only line of a file or of what a command prints. The
app's secret is never kept: give a file or a command that has it, or the URL of a
backend that signs. Files must have mode 0600; commands are run by the shell, each
time that a command of rtx needs the secret.`,
		Example: `  rtx context add dev --url ws://127.0.0.1:6001 --key app-key
  rtx context add staging --url wss://ws.example --key-command 'echo a-key' --secret-command 'echo a-secret'`,
		Args:              between(1, "NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := add.check(args[0]); err != nil {
				return err
			}
			saved, err := loadContexts()
			if err != nil {
				return err
			}
			_, there := saved.Named[args[0]]
			switch {
			case there && !force:
				return usage("there is a context %q: remove it first, or give --force", args[0])
			case !there && len(saved.Named) >= maxContexts:
				return usage("there are %d contexts: remove one first", maxContexts)
			}
			saved.Named[args[0]] = add
			if saved.Current == "" && len(saved.Named) == 1 {
				saved.Current = args[0]
			}
			if err := saved.save(); err != nil {
				return err
			}
			if saved.Current == args[0] {
				console.Notef("context %s is added, and in use", args[0])
			} else {
				console.Notef("context %s is added; rtx context use %s makes it the one in use", args[0], args[0])
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&add.URL, "url", "", "the service's `URL`, such as ws://127.0.0.1:6001")
	flags.StringVar(&add.Key, "key", "", "the API `key`, which is kept in the file of contexts")
	flags.StringVar(&add.KeyFile, "key-file", "", "a `file` with the API key")
	flags.StringVar(&add.KeyCommand, "key-command", "", "a `command` that prints the API key")
	flags.StringVar(&add.AuthEndpoint, "auth-endpoint", "", "the `URL` of your backend that signs for private and presence channels")
	flags.StringVar(&add.SecretFile, "secret-file", "", "a `file` with the app's secret")
	flags.StringVar(&add.SecretCommand, "secret-command", "", "a `command` that prints the app's secret")
	flags.StringVar(&add.UserID, "user-id", "", "the `ID` of the user on presence channels")
	flags.BoolVar(&force, "force", false, "replace a context of that name")
	return cmd
}

// check says what is wrong with a context that is to be added, and makes its paths absolute.
func (s *savedContext) check(name string) error {
	if !contextName.MatchString(name) {
		return usage("NAME must be 1 to 64 letters, digits, dots, underscores or dashes")
	}
	given := func(texts ...string) (n int) {
		for _, text := range texts {
			if text != "" {
				n++
			}
		}
		return n
	}
	switch {
	case s.URL == "":
		return usage("--url is missing: the service's URL")
	case given(s.Key, s.KeyFile, s.KeyCommand) > 1:
		return usage("--key, --key-file and --key-command are three ways to give the key: give one")
	case given(s.AuthEndpoint, s.SecretFile, s.SecretCommand) > 1:
		return usage("--auth-endpoint, --secret-file and --secret-command are three ways to sign: give one")
	}
	if err := new(connection).setTarget(s.URL); err != nil {
		return err
	}
	for _, path := range []*string{&s.KeyFile, &s.SecretFile} {
		var err error
		if *path, err = absolute(*path); err != nil {
			return usage("the working directory is not known: give absolute paths")
		}
		if *path == "" {
			continue
		}
		if _, err := readPrivate(*path, maxSecretFile); err != nil {
			if exists(*path) {
				return err
			}
			return usage("%s does not exist", printable(*path))
		}
	}
	return nil
}

func contextUse(console *console) *cobra.Command {
	var none bool
	cmd := &cobra.Command{
		Use:   "use NAME",
		Short: "Use a context from now on",
		Long: `use makes a context the one that commands use if no other is named, and if none of
RTX_URL, RTX_KEY, RTX_AUTH_ENDPOINT and RTX_SECRET is set. With --none there is none.`,
		Example: `  rtx context use local
  rtx context use --none`,
		Args:              between(0, "NAME"),
		ValidArgsFunction: onlyFirst(completeContext),
		RunE: func(_ *cobra.Command, args []string) error {
			if none == (len(args) == 1) {
				return usage("give the NAME of a context, or --none")
			}
			saved, err := loadContexts()
			if err != nil {
				return err
			}
			saved.Current = ""
			if !none {
				if _, ok := saved.Named[args[0]]; !ok {
					return noContext(args[0])
				}
				saved.Current = args[0]
			}
			return saved.save()
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "use none")
	return cmd
}

func contextRemove(console *console) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Remove a context",
		Long:              `remove removes a context. Files and commands that it names stay.`,
		Example:           `  rtx context remove local`,
		Args:              between(1, "NAME"),
		ValidArgsFunction: onlyFirst(completeContext),
		RunE: func(_ *cobra.Command, args []string) error {
			saved, err := loadContexts()
			if err != nil {
				return err
			}
			if _, ok := saved.Named[args[0]]; !ok {
				return noContext(args[0])
			}
			delete(saved.Named, args[0])
			if saved.Current == args[0] {
				saved.Current = ""
				console.Notef("%s was in use: no context is now", args[0])
			}
			return saved.save()
		},
	}
}

func contextList(console *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the contexts",
		Long: `list shows the contexts, and marks the one in use. It shows no key.

With --json each is one line {"time","name","url","key","signs","current"}, where key
is stored, file, command or none, and signs is endpoint, file, command or none.`,
		Example: `  rtx context list
  rtx context list --json`,
		Args:              between(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, _ []string) error {
			saved, err := loadContexts()
			if err != nil {
				return err
			}
			if len(saved.Named) == 0 {
				console.Note("there is no context yet: rtx context add adds one")
				return nil
			}
			if asJSON {
				return listJSON(console, saved)
			}
			t := newTable(console.outColour, 1, "", "NAME", "URL", "KEY", "SIGNS")
			for _, name := range saved.names() {
				mark := ""
				if name == saved.Current {
					mark = "*"
				}
				c := saved.Named[name]
				t.row(mark, name, shownURL(c.URL), c.hasKey(), c.signs())
			}
			return errors.Join(t.print(console), console.Flush())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func listJSON(console *console, saved savedContexts) error {
	line, now := newJSONLine(), time.Now()
	for _, name := range saved.names() {
		c := saved.Named[name]
		line.begin(now)
		line.add("name", name)
		line.add("url", shownURL(c.URL))
		line.add("key", c.hasKey())
		line.add("signs", c.signs())
		line.add("current", name == saved.Current)
		if err := console.Print(line.end()); err != nil {
			return err
		}
	}
	return console.Flush()
}

func (s savedContext) hasKey() string {
	switch {
	case s.Key != "":
		return "stored"
	case s.KeyFile != "":
		return "file"
	case s.KeyCommand != "":
		return "command"
	}
	return "none"
}

func (s savedContext) signs() string {
	switch {
	case s.AuthEndpoint != "":
		return "endpoint"
	case s.SecretFile != "":
		return "file"
	case s.SecretCommand != "":
		return "command"
	}
	return "none"
}

// shownURL is a URL without its query, which may have a token.
func shownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	u.RawQuery, u.ForceQuery = "", false
	return printable(u.String())
}
