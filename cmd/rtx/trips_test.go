package main

import (
	"testing"
	"time"
)

func TestTripsAreSummedUp(t *testing.T) {
	var trips trips
	for _, d := range []time.Duration{3, 1, 2} {
		trips.sent++
		trips.add(d * time.Millisecond)
	}
	trips.sent++
	if got, want := trips.String(), "4 sent, 3 answered, 25% lost; min/avg/max/mdev 1.00/2.00/3.00/0.82 ms"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
