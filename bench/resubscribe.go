package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

const resubscribed = 10_000

// resubscribe measures the time from a cut link until the last of many channels is subscribed
// again, beside a floor that dials, writes those frames and reads the answers. The library's
// back-off is set to its least, since the pause that spreads clients out is not what is measured.
func resubscribe(s spec) (map[string]float64, error) {
	cuts := 7
	if s.Quick {
		cuts = 3
	}
	bareSpec, librarySpec := s, s
	bareSpec.Key, librarySpec.Key = s.Key+"-websocket", s.Key+"-rtx"
	f, err := dialFloor(bareSpec)
	if err != nil {
		return nil, err
	}
	texts := make([]string, resubscribed)
	for i := range texts {
		texts[i] = subscribeText(channelOf(i, resubscribed))
	}
	if err := f.subscribeAll(texts); err != nil {
		return nil, err
	}

	ctx := context.Background()
	c, err := dialLibrary(librarySpec, rtx.WithBackoff(time.Millisecond, time.Millisecond))
	if err != nil {
		return nil, err
	}
	chs := make([]*rtx.Channel, resubscribed)
	for i := range chs {
		chs[i] = c.Channel(channelOf(i, resubscribed))
	}
	st := rtx.On[Payload](ctx, rtx.NewGroup(chs...), eventName)
	if err := st.Ready(ctx); err != nil {
		return nil, err
	}
	states := c.States(ctx)

	var bare, library times
	for range cuts {
		begin := time.Now()
		if err := cut(bareSpec); err != nil {
			return nil, err
		}
		if _, err := f.read(); err == nil {
			return nil, errors.New("the link was not cut")
		}
		if f, err = dialFloor(bareSpec); err != nil {
			return nil, err
		}
		if err := f.subscribeAll(texts); err != nil {
			return nil, err
		}
		bare = append(bare, time.Since(begin))

		begin = time.Now()
		if err := cut(librarySpec); err != nil {
			return nil, err
		}
		for state := range states.C {
			if state.State == rtx.StateConnected && state.At.After(begin) {
				break
			}
		}
		if err := st.Ready(ctx); err != nil {
			return nil, err
		}
		library = append(library, time.Since(begin))
	}
	return map[string]float64{
		"websocket, ms":   bare.percentile(0.5) / 1e3,
		"rtx, ms":         library.percentile(0.5) / 1e3,
		"rtx / websocket": library.percentile(0.5) / bare.percentile(0.5),
	}, nil
}

// subscribeAll writes the frames and reads the answers meanwhile.
func (f *floor) subscribeAll(texts []string) error {
	answers := make(chan error, 1)
	go func() {
		for range texts {
			if _, err := f.read(); err != nil {
				answers <- err
				return
			}
		}
		answers <- nil
	}()
	for _, text := range texts {
		if err := f.write(text); err != nil {
			return errors.Join(err, <-answers)
		}
	}
	return <-answers
}

// cut has the server close the client's link.
func cut(s spec) error {
	resp, err := http.Get("http" + strings.TrimPrefix(s.URL, "ws") + cutPath + "?api_key=" + url.QueryEscape(s.Key))
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
