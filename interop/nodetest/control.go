package nodetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// client keeps no connection: a pooled one would break over a restart.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// How a link is ended by [Server.Disconnect].
type How string

const (
	DisconnectPacket How = "41"       // the Socket.IO packet; the link is left for the client to close
	DisconnectClose  How = "41-close" // the Socket.IO packet, then the link closed
	EngineClose      How = "engine"   // an Engine.IO close: over websocket, a close frame
	TCPClose         How = "tcp"      // the TCP connection closed without a close frame
	TCPReset         How = "rst"      // the TCP connection reset
)

// Publish sends an event to the channel's subscribers. Data is anything that encoding/json can
// write.
func (s *Server) Publish(channel, event string, data any) {
	s.t.Helper()
	s.control("publish", map[string]any{"channel": channel, "event": event, "data": data}, nil)
}

// PublishMany publishes count times as fast as the server can, with each string "$n" in data
// replaced by the number of the event, from start on.
func (s *Server) PublishMany(channel, event string, data any, start, count int) {
	s.t.Helper()
	s.control("publish", map[string]any{"channel": channel, "event": event, "data": data, "start": start, "count": count}, nil)
}

// Burst publishes count events {"n":start}, {"n":start+1}, … as fast as the server can.
func (s *Server) Burst(channel, event string, start, count int) {
	s.t.Helper()
	s.control("burst", map[string]any{"channel": channel, "event": event, "start": start, "count": count}, nil)
}

// Emit sends a raw Socket.IO event to the socket with this id, or to all for an empty one. An
// argument {"$binary":"base64"} is sent as an attachment. It gives the number of sockets.
func (s *Server) Emit(socketID, event string, args ...any) int {
	s.t.Helper()
	return s.toSockets("emit", socketID, map[string]any{"event": event, "args": append([]any{}, args...)})
}

// Write sends a Socket.IO packet as it is written here, whatever the server's own encoder would
// make of it, to the socket with this id, or to all for an empty one. It gives the number of
// sockets.
func (s *Server) Write(socketID, packet string) int {
	s.t.Helper()
	return s.toSockets("write", socketID, map[string]any{"packet": packet})
}

// Disconnect ends the link of the socket with this id, or of all for an empty one. It gives the
// number of sockets.
func (s *Server) Disconnect(socketID string, how How) int {
	s.t.Helper()
	return s.toSockets("disconnect", socketID, map[string]any{"how": how})
}

// Deny refuses every later subscription to the channel with subscription_error. Allow ends that.
func (s *Server) Deny(channel string) {
	s.t.Helper()
	s.control("deny", map[string]any{"channel": channel}, nil)
}

// Allow undoes Deny.
func (s *Server) Allow(channel string) {
	s.t.Helper()
	s.control("deny", map[string]any{"channel": channel, "allow": true}, nil)
}

// Hold keeps confirmations of subscriptions back until Release. The subscriptions themselves take
// effect.
func (s *Server) Hold() {
	s.t.Helper()
	s.control("hold", map[string]any{"confirmations": true}, nil)
}

// Release sends the confirmations that were held, in order, and gives their number.
func (s *Server) Release() int {
	s.t.Helper()
	var out struct{ Released int }
	s.control("hold", map[string]any{"confirmations": false}, &out)
	return out.Released
}

// DropRooms makes the connection deaf: heartbeats go on, nothing else reaches it. It needs the
// option [Recovery], under which the server reaches a socket through its rooms only.
func (s *Server) DropRooms(socketID string) int {
	s.t.Helper()
	return s.toSockets("drop-rooms", socketID, map[string]any{})
}

func (s *Server) toSockets(call, socketID string, args map[string]any) int {
	s.t.Helper()
	if socketID != "" {
		args["socket_id"] = socketID
	}
	var out struct{ Sockets int }
	s.control(call, args, &out)
	return out.Sockets
}

func (s *Server) control(call string, args, out any) {
	s.t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	s.request(http.MethodPost, "/control/"+call, body, out)
}

func (s *Server) request(method, path string, body []byte, out any) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout) //nolint:forbidigo // a request has a limit of its own
	defer cancel()
	if err := request(ctx, method, s.URL()+path, body, out); err != nil {
		s.t.Fatalf("control %s: %v", path, err)
	}
}

func request(ctx context.Context, method, url string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
