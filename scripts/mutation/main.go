// Command mutation shows that the tests can fail: it breaks a copy of the library in each way of a list, runs the tests
// that must notice, and fails if they pass.
//
//	go run ./scripts/mutation                 # a few of them, others each day and commit
//	go run ./scripts/mutation -sample 20      # more of them
//	go run ./scripts/mutation -all            # all of them
//	go run ./scripts/mutation -run 'roster'   # those whose name or package matches
//	go run ./scripts/mutation -list           # their names
//
// A mutation names a function and a shape of code in it, as a [pattern]: a piece of Go in which an identifier that begins
// with _ is a wildcard. _ is any expression or statement, _x the same one wherever it stands in the pattern and in what takes
// its place, and __ any number of arguments or statements. So a list of them outlives refactorings that keep the shape; one
// that no longer finds its place, or finds two, is an error that names it. The tests of this command look at that for the
// whole list.
//
// Two run at a time, each on a copy of the working tree, new files included.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
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
	only := flag.String("run", "", "run those whose name or package matches this regular expression")
	names := flag.Bool("list", false, "list them and run none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *all, *sample, *seed, *only, *names); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, all bool, sample int, seed, only string, names bool) error {
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
	trees := make(chan string, parallel)
	for i := range parallel {
		tree := filepath.Join(dir, fmt.Sprint(i))
		if err := copyTree(root, tree); err != nil {
			return err
		}
		trees <- tree
	}
	if err := sound(ctx, trees, chosen); err != nil {
		return err
	}
	results := each(trees, chosen, func(tree string, m mutation) result {
		r := try(ctx, tree, m)
		fmt.Println(r)
		return r
	})
	return summary(results)
}

// pick chooses n by the seed, and keeps the order of the list.
func pick(from []mutation, n int, seed string) []mutation {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))
	places := rand.New(rand.NewPCG(h.Sum64(), 0)).Perm(len(from))[:max(0, min(n, len(from)))]
	slices.Sort(places)
	var chosen []mutation
	for _, i := range places {
		chosen = append(chosen, from[i])
	}
	return chosen
}

// sound returns an error if one of the tests fails without any mutation.
func sound(ctx context.Context, trees chan string, chosen []mutation) error {
	once := make(map[string]tests)
	for _, m := range chosen {
		for _, t := range m.checks() {
			once[fmt.Sprint(t)] = t
		}
	}
	var runs []tests
	for _, t := range once {
		runs = append(runs, t)
	}
	slices.SortFunc(runs, func(a, b tests) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return errors.Join(each(trees, runs, func(tree string, t tests) error {
		by, err := t.failure(ctx, tree)
		if by != "" {
			err = fmt.Errorf("%s in %s fails without any mutation", by, t.pkg)
		}
		return err
	})...)
}

// each calls do for all of from, as many at a time as there are trees.
func each[T, R any](trees chan string, from []T, do func(tree string, t T) R) []R {
	results := make([]R, len(from))
	var wg sync.WaitGroup
	for i, t := range from {
		tree := <-trees
		wg.Go(func() {
			results[i] = do(tree, t)
			trees <- tree
		})
	}
	wg.Wait()
	return results
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
	case r.by != "":
		what = "caught"
	}
	return fmt.Sprintf("%-8s  %-20s %-60s %5.1fs  %s", what, r.in, r.name, r.took.Seconds(), by)
}

// summary says how many were caught, and returns an error unless all were that can be.
func summary(results []result) error {
	caught, equivalent := 0, 0
	var faults []error
	for _, r := range results {
		switch {
		case r.err == nil && r.by == "" && r.equivalent != "":
			equivalent++
		case r.err == nil && r.by != "" && r.equivalent == "":
			caught++
		default:
			faults = append(faults, errors.New(r.String()))
		}
	}
	fmt.Printf("caught %d of %d", caught, len(results)-equivalent)
	if equivalent > 0 {
		fmt.Printf(", and %d that change nothing a test could see", equivalent)
	}
	fmt.Println()
	return errors.Join(faults...)
}
