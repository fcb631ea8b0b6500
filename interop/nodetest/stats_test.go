package nodetest

import "testing"

func TestSubscribedOnce(t *testing.T) {
	live := func(subscribed []string, asked map[string]int) Connection {
		return Connection{Connected: true, Subscribed: subscribed, Subscribes: asked}
	}
	ab := []string{"a", "b"}
	for _, tc := range []struct {
		name  string
		stats Stats
		want  string
	}{
		{"right", Stats{EngineConnections: 1, Sockets: []Connection{{Subscribed: ab}, live(ab, map[string]int{"a": 1, "b": 1})}}, ""},
		{"no connection", Stats{}, "0 live connections on 0 links, want one"},
		{"two connections", Stats{EngineConnections: 2, Sockets: []Connection{live(ab, nil), live(nil, nil)}}, "2 live connections on 2 links, want one"},
		{"a link without a connection", Stats{EngineConnections: 2, Sockets: []Connection{live(ab, nil)}}, "1 live connections on 2 links, want one"},
		{"twice", Stats{EngineConnections: 1, Sockets: []Connection{live(ab, map[string]int{"a": 1, "b": 2})}}, "b was asked for 2 times"},
		{"missing", Stats{EngineConnections: 1, Sockets: []Connection{live(ab[:1], map[string]int{"a": 1, "b": 1})}}, "b is not subscribed"},
		{"one too many", Stats{EngineConnections: 1, Sockets: []Connection{live([]string{"a", "b", "c"}, map[string]int{"a": 1, "b": 1})}}, "3 channels subscribed, want 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			if err := tc.stats.SubscribedOnce("a", "b"); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
		})
	}
}
