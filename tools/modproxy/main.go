// Command modproxy writes the modules of this checkout as a module proxy of files, as if what is here
// had been tagged. With it a nested module builds without the workspace, and a program in an empty
// folder gets the library as its user will.
//
//	modproxy -root .. DIR     writes the proxy to DIR, for GOPROXY=file://DIR
//	modproxy -root .. -sums   writes what go.sum must say of this repository's own modules
//	modproxy -root .. -list   prints version and tag of each module that is published, in the order of the tags
//
// Files that git ignores are left out. The version is the one in go.work.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	root := flag.String("root", ".", "the `folder` of the checkout")
	sums := flag.Bool("sums", false, "write the sums of the own modules to the go.sum files")
	list := flag.Bool("list", false, "print the tags of a release, in their order")
	flag.Parse()
	if err := run(os.Stdout, *root, flag.Args(), *sums, *list); err != nil {
		fmt.Fprintln(os.Stderr, "modproxy:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string, args []string, sums, list bool) error {
	modules, err := readModules(root)
	if err != nil {
		return err
	}
	switch {
	case list:
		for _, m := range modules {
			if m.published() {
				fmt.Fprintln(out, m.tag())
			}
		}
		return nil
	case sums:
		return writeSums(root, modules)
	case len(args) != 1:
		return errors.New("say to which folder the proxy is to be written")
	}
	for _, m := range modules {
		if err := writeModule(root, m, args[0]); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	return nil
}
