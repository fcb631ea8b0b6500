package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// run executes a command line and returns the exit code. Cancelling the context is the
// interruption.
func run(ctx context.Context, args []string, stdin, stdout, stderr *os.File) int {
	console := newConsole(stdin, stdout, stderr)
	root := newRoot(console)
	addShells(root)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	console.HideStatus()
	if err == nil {
		err = console.Flush()
	}
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case err == nil || brokenPipe(err):
		return exitDone
	}
	console.Note(withNext(err, cmd))
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

func newRoot(console *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "rtx",
		Short: "Serve, listen to, and try out RealtimeX",
		Long: `rtx serves, listens to, and tries out RealtimeX from a terminal.

Results go to standard output, everything else to standard error. The exit code is
0 if it was done (or the reader of the output went away), 1 if it failed, 2 for
wrong usage, 130 if it was interrupted.`,
		Example: `  rtx serve
  rtx listen orders --url ws://127.0.0.1:6001 --key app-key
  rtx trigger orders created '{"id":1}' --dev --url ws://127.0.0.1:6001`,
		Version:       readBuild().String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usage("no such command; did you mean %s?", near[0])
			}
			return usage("no such command")
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.AddCommand(
		serveCommand(console),
		authServerCommand(console),
		listenCommand(console),
		triggerCommand(console),
		presenceCommand(console),
		signCommand(console),
		pingCommand(console),
		doctorCommand(console),
		recordCommand(console),
		replayCommand(console),
		benchCommand(console),
		contextCommand(console),
		bridgeCommand(console),
		versionCommand(console),
	)
	root.PersistentFlags().String("context", "", "the `name` of the context to use (RTX_CONTEXT); see rtx context")
	if err := root.RegisterFlagCompletionFunc("context", completeContext); err != nil {
		panic(err) // the flag is there
	}
	return root
}

// addShells adds the completion of shells, which is cobra's. By itself it takes any word for a request
// for help.
func addShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	shells, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err) // it was added
	}
	shells.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("no such shell: want bash, fish, powershell or zsh")
		}
		return nil
	}
	shells.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// flagError says what is wrong with a flag, and nothing of what was given as its value: that may be
// a secret in the wrong place.
func flagError(err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if e.GetSpecifiedShortnames() != "" {
			return usage("unknown flag -%.1s (long flags begin with two dashes)", e.GetSpecifiedName())
		}
		name, _, _ := strings.Cut(e.GetSpecifiedName(), "=")
		return usage("unknown flag --%s", name)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usage("flag --%s needs a value", e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usage("flag --%s: not a %s", e.GetFlag().Name, kindOf(e.GetFlag()))
	}
	return usage("a flag is misspelt")
}

func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "duration, such as 500ms, 10s or 2m"
	case "int", "uint":
		return "number that fits"
	}
	return f.Value.Type()
}

// between checks the number of arguments, and says what is missing by name. All but the first few,
// least, may be left out.
func between(least int, names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("%s is missing", names[len(args)])
		case len(args) > len(names):
			return usage("too many arguments: want %s", cmp.Or(strings.Join(names, " "), "none"))
		}
		return nil
	}
}
