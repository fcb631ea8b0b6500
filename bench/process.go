package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A process is a child as its parent sees it.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

// startProcess starts a row: in this program, or in Node if there is a folder of packages.
func startProcess(s spec, packages string) (*process, error) {
	var cmd *exec.Cmd
	if packages != "" {
		var err error
		if cmd, err = nodeCommand(packages, s); err != nil {
			return nil, err
		}
	} else {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		told, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(self)
		cmd.Env = append(os.Environ(), childVariable+"="+string(told))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, lines: bufio.NewScanner(out)}, nil
}

// result waits for the child's next line.
func (p *process) result() (result, error) {
	var r result
	if !p.lines.Scan() {
		return r, errors.New("the child process ended")
	}
	if err := json.Unmarshal(p.lines.Bytes(), &r); err != nil {
		return r, fmt.Errorf("the child process said %q", p.lines.Text())
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// stop ends the child, which ends with its standard input, and waits for it.
func (p *process) stop() {
	_ = p.in.Close()
	p.kill()
	_ = p.cmd.Wait()
}
