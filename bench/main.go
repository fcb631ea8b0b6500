// Bench measures the library beside the floor that it stands on and beside its peers, in one run on
// one machine. It starts every server itself, on loopback. See README.md for what the rows are and
// what each leaves out.
//
//	go run ./bench [-quick] [-json] [-rounds n] [-rows regexp] [-scale n] [-profile folder]
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

func main() {
	if told := os.Getenv(childVariable); told != "" {
		child(told)
		return
	}
	var (
		asJSON   = flag.Bool("json", false, "print one JSON object a row")
		quick    = flag.Bool("quick", false, "end within a minute: fewer messages and rounds")
		rounds   = flag.Int("rounds", 0, "rounds that all rows take part in, after a first that does not count (default 7; 2 with -quick)")
		pattern  = flag.String("rows", "", "regular expression: only the rows whose name matches")
		scale    = flag.Int("scale", 1, "multiply the messages of each round, for steadier profiles")
		profiles = flag.String("profile", "", "folder for a CPU profile of each Go row")
	)
	flag.Parse()
	if err := bench(*asJSON, *quick, *rounds, *scale, *pattern, *profiles); err != nil {
		fmt.Fprintln(os.Stderr, "\nbench:", err)
		os.Exit(1)
	}
}

func bench(asJSON, quick bool, rounds, scale int, pattern, profiles string) error {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	if rounds <= 0 {
		rounds = 7
		if quick {
			rounds = 2
		}
	}
	r := &runner{quick: quick, rounds: rounds, scale: max(scale, 1), profiles: profiles, match: match.MatchString}
	skipped := ""
	if r.packages, err = nodePackages(); err != nil {
		skipped = "socket.io-client and realtimex-js are skipped: " + err.Error()
		fmt.Fprintln(os.Stderr, skipped)
	}
	defer r.stop()
	if err := r.start(); err != nil {
		return err
	}
	lanes := r.lanes()
	if err := r.flood(lanes); err != nil {
		return err
	}
	lines := report(lanes)
	figures, err := r.others()
	if err != nil {
		return err
	}
	if asJSON {
		for _, l := range lines {
			if err := printJSON(os.Stdout, l); err != nil {
				return err
			}
		}
		for _, f := range figures {
			if err := printJSON(os.Stdout, f); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Println(machine(r.packages))
	printTable(os.Stdout, lines)
	printFigures(os.Stdout, figures)
	if skipped != "" {
		fmt.Println(skipped)
	}
	return nil
}

// machine says what was measured on what.
func machine(packages string) string {
	lines := []string{fmt.Sprintf("%s %s/%s, %d CPUs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			switch d.Path {
			case "github.com/coder/websocket", "github.com/nats-io/nats.go", "github.com/nats-io/nats-server/v2",
				"github.com/go-json-experiment/json", "github.com/destel/rill", "github.com/samber/ro":
				lines = append(lines, d.Path+" "+d.Version)
			}
		}
	}
	if packages != "" {
		for _, name := range []string{"socket.io-client", "realtimex-js"} {
			lines = append(lines, name+" "+packageVersion(packages, name))
		}
	}
	return strings.Join(lines, "\n")
}
