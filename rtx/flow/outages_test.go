package flow

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// One reconnection of 200 channels on the 8 streams of a partition is one outage, with all
// channels, also if one of the readers is slow. The next one is another.
func TestOneOutageOfManyGaps(t *testing.T) {
	const channels, parts = 200, 8
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.NewPipeServer(t)
		client, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		group := new(rtx.Group)
		for i := range channels {
			if err := group.Add(client.Channel(fmt.Sprint("c", i))); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		streams := rtx.Partition(ctx, group, "set", parts, func(n int) int { return n })
		if err := streams[0].Ready(ctx); err != nil {
			t.Fatal(err)
		}
		outages := NewOutages(time.Second)
		gaps := make([]int, parts)
		for i, s := range streams {
			go func() {
				for _, gap := range s.All() {
					if gap != nil {
						gaps[i]++
					}
					if i == 0 {
						time.Sleep(time.Minute / channels) // slow, but done before the next outage
					}
					outages.Note(gap)
				}
			}()
		}
		var told []Outage
		go func() {
			for outage := range outages.All(ctx) {
				told = append(told, outage)
			}
		}()
		for round := range 2 {
			server.Restart()
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			for i, n := range gaps {
				if n != channels*(round+1) {
					t.Errorf("stream %d told %d gaps", i, n)
				}
			}
			if len(told) != round+1 {
				t.Fatalf("%d outages after %d", len(told), round+1)
			}
			if o := told[round]; len(o.Channels) != channels || o.Unnamed || o.Gaps < channels*(parts-1) || o.Gaps > channels*parts || !o.Since.Before(o.Until) {
				t.Errorf("%d channels, %d gaps, %v to %v", len(o.Channels), o.Gaps, o.Since, o.Until)
			}
		}
		cancel()
		_ = client.Close()
		server.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}

// When an outage is told, and what makes another one.
func TestOutagesAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
		gap := func(channel string, since, until float64) *rtx.Gap {
			return &rtx.Gap{Channel: channel, Since: at(since), Until: at(until)}
		}
		var o Outages
		told := ""
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for outage := range o.All(ctx) {
				told += fmt.Sprintf("%v: %v %v %d, %v to %v; ", time.Since(begin).Seconds(), outage.Channels, outage.Unnamed, outage.Gaps,
					outage.Since.Sub(begin).Seconds(), outage.Until.Sub(begin).Seconds())
			}
		}()
		expected := func(want string) {
			t.Helper()
			synctest.Wait()
			expect(t, told, want)
			told = ""
		}
		note := func(until float64, gaps ...*rtx.Gap) {
			for _, g := range gaps {
				o.Note(g)
			}
			time.Sleep(time.Until(at(until)))
		}
		note(1.5, nil, gap("a", -3, 0), gap("b", -4, -1), gap("a", -3, 0))
		expected("1: [a b] false 3, -4 to 0; ")
		note(4, gap("a", -3, 0.9)) // was over before
		expected("")
		note(6, gap("c", -3, 0.9)) // was not in it
		expected("5: [c] false 1, -3 to 0.9; ")
		note(8, gap("c", 4, 5.5)) // was not over
		expected("7: [c] false 1, 4 to 5.5; ")
		note(10, &rtx.Gap{Several: true, Since: at(7), Until: at(7.5)}) // any channel
		expected("9: [] true 1, 7 to 7.5; ")
		note(12, gap("x", 1, 8.9), gap("", 1, 8.9))
		expected("")
		for i := range 40 { // never quiet
			note(12.25+float64(i)/2, gap("a", 11.5, 12+float64(i)/2))
		}
		expected("22: [a] false 21, 11.5 to 22; ")
		cancel()
		<-done
	})
}

// What was not handed out is kept for the next range.
func TestOutagesKeepWhatWasNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewOutages(time.Hour)
		o.Note(&rtx.Gap{Channel: "a"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for outage := range o.All(ctx) {
			t.Errorf("told %v too early", outage)
		}
		for outage := range o.All(t.Context()) {
			expect(t, fmt.Sprint(outage.Channels), "[a]")
			break
		}
	})
}
