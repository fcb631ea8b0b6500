package main

// A Reading is what a sensor publishes, Limits what is published when they are set.
type Reading struct {
	Sensor  string
	N       int
	Celsius float64
}

type Limits struct{ Version, High int }

// A Row is a reading joined with the limits of its time.
type Row struct {
	Reading
	Hot    bool
	Limits int
}
