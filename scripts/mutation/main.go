// Command mutation shows that the tests can fail: it breaks the library in each way of a list, runs
// the tests that must notice, and fails if they pass. The tree itself stays as it is: what is
// broken is laid over it for the go command alone.
//
//	go run ./scripts/mutation                 # a few of them, others each day and commit
//	go run ./scripts/mutation -sample 20      # more of them; -within 1m begins no more after a minute
//	go run ./scripts/mutation -all            # all of them
//	go run ./scripts/mutation -run 'roster'   # those whose name or package matches
//	go run ./scripts/mutation -list           # their names
//
// A mutation names a function and a shape of code in it, as a [pattern]: a piece of Go in which an
// identifier that begins with _ is a wildcard. _ is any expression or statement, _x the same one
// wherever it stands in the pattern and in what takes its place, and __ any number of arguments or
// statements. So a list of them outlives refactorings that keep the shape; one that no longer finds
// its place, or finds two, is an error that names it. The tests of this command look at that for
// the whole list.
//
// Two run at a time. Before the first mutation that a set of tests is to catch, they must pass
// without it, and the time they take is what the mutated run is measured by: one that takes several
// times as long hangs, which is said.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"
)

const parallel = 2

func main() {
	all := flag.Bool("all", false, "run the whole list")
	sample := flag.Int("sample", 6, "how many to run, chosen by the seed")
	seed := flag.String("seed", "", "any text; today's date and the commit by default")
	within := flag.Duration("within", 0, "begin no more after this time; 0: no bound")
	only := flag.String("run", "", "run those whose name or package matches this regular expression")
	names := flag.Bool("list", false, "list them and run none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *all, *sample, *seed, *within, *only, *names); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, all bool, sample int, seed string, within time.Duration, only string, names bool) error {
	root, err := git("", "rev-parse", "--show-toplevel")
	if err != nil {
		return fmt.Errorf("not in a git checkout: %w", err)
	}
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var chosen []mutation
	var faults []error
	for _, m := range list {
		if !match.MatchString(m.name) && !match.MatchString(m.in) {
			continue
		}
		chosen = append(chosen, m)
		if _, _, _, err := m.apply(root); err != nil {
			faults = append(faults, err)
		}
	}
	switch {
	case names:
		for _, m := range chosen {
			fmt.Printf("%-20s %s\n", m.in, m.name)
		}
		return errors.Join(faults...)
	case len(chosen) == 0:
		return fmt.Errorf("no mutation matches %q", only)
	case len(faults) > 0:
		return errors.Join(faults...)
	case !all && only == "":
		if seed == "" {
			commit, _ := git(root, "rev-parse", "--short", "HEAD")
			seed = time.Now().UTC().Format("2006-01-02-") + commit
		}
		chosen = pick(chosen, sample, seed)
		fmt.Printf("%d of %d mutations, -seed %s\n", len(chosen), len(list), seed)
	}

	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began, work := time.Now(), newBench(root, dir)
	results := each(parallel, chosen, func(m mutation) (result, bool) {
		if within > 0 && time.Since(began) > within {
			return result{}, false
		}
		r := work.try(ctx, m)
		fmt.Println(r)
		return r, true
	})
	if left := len(chosen) - len(results); left > 0 {
		fmt.Printf("%d not begun: the time is up\n", left)
	}
	return summary(results)
}

// pick chooses n by the seed: those with quick tests first, in the order of the list.
func pick(from []mutation, n int, seed string) []mutation {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))
	places := rand.New(rand.NewPCG(h.Sum64(), 0)).Perm(len(from))[:max(0, min(n, len(from)))]
	slices.Sort(places)
	var quick, slow []mutation
	for _, i := range places {
		if from[i].slow() {
			slow = append(slow, from[i])
		} else {
			quick = append(quick, from[i])
		}
	}
	return append(quick, slow...)
}

// each calls do for all of from, n at a time, and returns what came of those that do did not pass
// over.
func each[T, R any](n int, from []T, do func(T) (R, bool)) []R {
	results, done := make([]R, len(from)), make([]bool, len(from))
	var wg sync.WaitGroup
	free := make(chan struct{}, n)
	for i, t := range from {
		free <- struct{}{}
		wg.Go(func() {
			results[i], done[i] = do(t)
			<-free
		})
	}
	wg.Wait()
	var out []R
	for i, r := range results {
		if done[i] {
			out = append(out, r)
		}
	}
	return out
}

func (r result) String() string {
	what, by := "SURVIVED", r.by
	switch {
	case r.err != nil:
		what, by = "ERROR", r.err.Error()
	case r.equivalent != "" && r.by == "":
		what, by = "no fault", r.equivalent
	case r.equivalent != "":
		what, by = "ERROR", "said to be no fault, and caught by "+r.by
	case r.hung:
		what, by = "caught", r.by+" hung"
	case r.by != "":
		what = "caught"
	}
	return fmt.Sprintf("%-8s  %-20s %-60s %5.1fs  %s", what, r.in, r.name, r.took.Seconds(), by)
}

// summary says how many were caught, and returns an error unless all were that can be.
func summary(results []result) error {
	caught, hung, equivalent := 0, 0, 0
	var faults []error
	for _, r := range results {
		switch {
		case r.err == nil && r.by == "" && r.equivalent != "":
			equivalent++
		case r.err == nil && r.by != "" && r.equivalent == "":
			caught++
			if r.hung {
				hung++
			}
		default:
			faults = append(faults, errors.New(r.String()))
		}
	}
	fmt.Printf("caught %d of %d", caught, len(results)-equivalent)
	if hung > 0 {
		fmt.Printf(", %d of them by a test that hung", hung)
	}
	if equivalent > 0 {
		fmt.Printf("; not counted: %d that are proven to change nothing a test could see", equivalent)
	}
	fmt.Println()
	return errors.Join(faults...)
}
