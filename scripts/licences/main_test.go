package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mit    = "MIT License\n\nPermission is hereby granted, free of charge, to any person …\n\nThe above copyright notice and this\npermission notice shall be included in all copies"
	apache = "                                 Apache License\n                           Version 2.0, January 2004\n"
	bsd    = "Redistribution and use in source and binary forms, with or without\nmodification …\n * Redistributions in binary form must reproduce the above\n"
	named  = bsd + "Neither the name of the author nor … may be used to endorse or promote products"
	gpl    = "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n"
)

func TestClassify(t *testing.T) {
	for text, want := range map[string]string{
		mit: "MIT", apache: "Apache-2.0", bsd: "BSD-2-Clause", named: "BSD-3-Clause", gpl: "GPL",
		mit + gpl:                            "GPL", // what asks for more decides
		"Mozilla Public License Version 2.0": "MPL-2.0",
		"All rights reserved.":               "",
		"Permission is hereby granted, free of charge, to look at it.": "",
	} {
		if got := classify(text); got != want {
			t.Errorf("%.40q is %q, want %q", text, got, want)
		}
	}
}

// folder is a module with files.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLicenceOf(t *testing.T) {
	for _, tt := range []struct {
		dir, want, err string
	}{
		{folder(t, "LICENSE", mit), "MIT", ""},
		{folder(t, "LICENCE.md", apache, "README.md", gpl), "Apache-2.0", ""},
		{folder(t, "LICENSE-GPL", gpl, "LICENSE-MIT", mit), "MIT", ""}, // either may be chosen
		{folder(t, "COPYING", gpl), "GPL", ""},
		{folder(t, "LICENSE", "ask us"), "", "no licence that can be told"},
		{folder(t), "", "no licence that can be told"},
		{"", "", "not downloaded"},
	} {
		got, err := licenceOf(tt.dir)
		if got != tt.want || (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.err)
		}
	}
}

func TestCheckFails(t *testing.T) {
	list := func(modules ...dependency) string {
		var out strings.Builder
		for _, m := range modules {
			b, err := json.Marshal(struct{ Module dependency }{m})
			if err != nil {
				t.Fatal(err)
			}
			out.Write(b)
		}
		return out.String()
	}
	good := dependency{Path: "good.test", Dir: folder(t, "LICENSE", mit)}
	ours := dependency{Path: "ours.test", Main: true}
	for name, tt := range map[string]struct {
		list string
		ok   bool
	}{
		"all is taken":      {list(ours, good, good), true},
		"one is not":        {list(good, dependency{Path: "bad.test", Dir: folder(t, "LICENSE", gpl)}), false},
		"one is not known":  {list(good, dependency{Path: "bad.test", Dir: folder(t)}), false},
		"replaced by a bad": {list(dependency{Path: "x.test", Dir: good.Dir, Replace: &dependency{Dir: folder(t, "COPYING", gpl)}}), false},
		"nothing":           {list(ours), false},
	} {
		t.Run(name, func(t *testing.T) {
			at := filepath.Join(folder(t, "list", tt.list), "list")
			if err := check(io.Discard, "cat", at); (err == nil) != tt.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}
