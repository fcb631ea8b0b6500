//go:build !linux

package main

import "time"

// A pause is time.Sleep where nothing more exact is known: the load is late by up to a millisecond,
// and the report says so.
type pause struct{}

func newPause() pause { return pause{} }

func (pause) end() {}

func (pause) until(t time.Time) { time.Sleep(time.Until(t)) }
