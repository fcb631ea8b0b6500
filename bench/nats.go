package main

import (
	stdjson "encoding/json"
	"errors"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startNATS runs a nats-server in this process, on loopback.
func startNATS() (*natsserver.Server, error) {
	srv, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(time.Minute) {
		srv.Shutdown()
		return nil, errors.New("nats-server does not start")
	}
	return srv, nil
}

// overNATS publishes through the server, without a socket on this side of it.
func overNATS(nc *nats.Conn, subject string, f *frames) sender {
	return func(from, n int) (int, error) {
		for i := range n {
			if err := nc.Publish(subject, f.payloads[(from+i)%len(f.payloads)]); err != nil {
				return 0, err
			}
		}
		return n, nil
	}
}

// natsRow subscribes into a channel, as the library's streams are, and decodes with what nats.go's
// users have: encoding/json.
func natsRow(s spec, t *tally, ready func()) error {
	nc, err := nats.Connect(s.URL)
	if err != nil {
		return err
	}
	defer nc.Close()
	c := make(chan *nats.Msg, s.Buffer)
	_, err = nc.ChanSubscribe(s.Key, c)
	if err != nil {
		return err
	}
	if err := nc.Flush(); err != nil {
		return err
	}
	ready()
	for m := range c {
		var p Payload
		if err := stdjson.Unmarshal(m.Data, &p); err != nil {
			return err
		}
		t.take(&p)
	}
	return nil
}
