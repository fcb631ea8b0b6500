package main

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/coder/websocket"
)

// A wire reads and writes text messages. What read returns is valid until the next read.
type wire interface {
	read() ([]byte, error)
	write(text string) error
}

// enter goes as far as connection_established.
func enter(w wire) error {
	if _, err := w.read(); err != nil { // the open packet
		return err
	}
	if err := w.write("40"); err != nil {
		return err
	}
	for range 2 { // the answer, and connection_established
		if _, err := w.read(); err != nil {
			return err
		}
	}
	return nil
}

func subscribeText(channel string) string {
	return `42["realtimex:subscribe",{"channel":"` + channel + `"}]`
}

func subscribe(w wire, channel string) error {
	if err := w.write(subscribeText(channel)); err != nil {
		return err
	}
	_, err := w.read()
	return err
}

var errForm = errors.New("frame is not of the expected form")

// events calls take with the payload of each event.
func events(w wire, take func(data []byte) error) error {
	for {
		frame, err := w.read()
		if err != nil {
			return err
		}
		channel, event, data, ok := scan(frame)
		if !ok || string(channel) != channelName || string(event) != eventName {
			return fmt.Errorf("%w: %.40q", errForm, frame)
		}
		if err := take(data); err != nil {
			return err
		}
	}
}

// eventsByChannel decodes each event and hands the value over a channel to whoever takes it.
func eventsByChannel(w wire, s spec, t *tally, decode func([]byte, *Payload) error) error {
	c := make(chan Payload, s.Buffer)
	go func() {
		for p := range c {
			t.take(&p)
		}
	}()
	defer close(c)
	var p Payload
	return events(w, func(data []byte) error {
		p = Payload{}
		if err := decode(data, &p); err != nil {
			return err
		}
		c <- p
		return nil
	})
}

// floor is what the library is measured against: the WebSocket alone, read as a careful user of
// coder/websocket would.
type floor struct {
	conn *websocket.Conn
	buf  []byte // the last frame
}

// dialFloor connects as far as connection_established.
func dialFloor(s spec) (*floor, error) {
	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, s.URL+"/socket.io/?EIO=4&transport=websocket&api_key="+s.Key, nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(16 << 20)
	f := &floor{conn: conn}
	if err := enter(f); err != nil {
		return nil, err
	}
	return f, nil
}

// read returns the next frame, which is valid until the next read. With this context and one buffer
// nothing is allocated.
func (f *floor) read() ([]byte, error) {
	_, r, err := f.conn.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	b := f.buf[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			f.buf = b
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (f *floor) write(text string) error {
	return f.conn.Write(context.Background(), websocket.MessageText, []byte(text))
}

func floorRow(s spec, ready func()) (*floor, error) {
	f, err := dialFloor(s)
	if err != nil {
		return nil, err
	}
	if err := subscribe(f, channelName); err != nil {
		return nil, err
	}
	ready()
	return f, nil
}

// floor3 decodes with encoding/json and uses each value where it was read: no channel.
func floor3(s spec, t *tally, ready func()) error {
	f, err := floorRow(s, ready)
	if err != nil {
		return err
	}
	var p Payload
	return events(f, func(data []byte) error {
		p = Payload{}
		if err := stdjson.Unmarshal(data, &p); err != nil {
			return err
		}
		t.take(&p)
		return nil
	})
}

// floor4 decodes with json v2 and hands each value over a channel.
func floor4(s spec, t *tally, ready func()) error {
	f, err := floorRow(s, ready)
	if err != nil {
		return err
	}
	return eventsByChannel(f, s, t, decode)
}
