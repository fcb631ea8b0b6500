package core

import "time"

const exploreSteps = 6000

var (
	connected = []string{"connect", "ok"}
	joinedA   = []string{"connect", "ok", "hold a", "poll", "drain"}
	// The machine has learned under which names the service answers.
	learned = []string{"connect", "ok", "hold a", "poll", "refuse", "drain", "hold a", "poll", "drain", "release a", "poll", "drain"}
)

var configs = []*config{
	{name: "recovery", channels: []string{"a", "b"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "release", "ok", "half-open", "reset", "service closes", "reconnect", "ended", "noticed",
			"noticed late", "expired", "publish", "accept", "deliver", "drain", "dial cut", "wait"},
		start: joinedA},
	{name: "recovered", channels: []string{"a", "b"}, recovery: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "ok", "half-open", "reset", "reconnect", "ended", "noticed", "noticed late", "disconnected", "dial cut",
			"publish", "drain"},
		start: []string{"connect", "ok", "hold a", "poll", "drain", "service closes", "ok", "drain"}},
	{name: "restore", channels: []string{"a"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 2,
		moves: []string{"hold", "release", "dialed", "established", "established as another", "dial fails", "dial cut",
			"half-open", "reset", "service leaves", "fin", "disconnected", "restarted", "ended", "ended alone", "noticed",
			"noticed late", "expired", "publish", "accept", "do not answer", "deliver", "drain", "wait"},
		start: connected, faults: 1},
	{name: "answers", channels: []string{"a"}, names: []Name{Internal, Presence}, holders: 2, start: learned,
		moves: []string{"hold", "release", "evict", "refresh", "accept", "refuse", "refuse for now", "do not answer", "overlook",
			"deliver", "drain", "publish", "wait", "poll", "release late"},
		faults: 2},
	{name: "one name", channels: []string{"a"}, names: []Name{Presence}, holders: 2,
		moves: []string{"hold", "release", "evict", "refresh", "accept", "refuse", "refuse for now", "do not answer", "overlook",
			"deliver", "drain", "publish", "wait", "poll", "poll late", "release late", "reset", "ok"},
		start: connected, faults: 3},
	{name: "signed", channels: []string{"private-a", "b"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "release", "evict", "grant", "auth fails", "deny", "reset", "service closes", "ok", "dialed",
			"established", "established as another", "drain", "publish", "wait", "can't write", "release late", "expired"},
		start: connected, faults: 1},
	{name: "grace", channels: []string{"a"}, grace: 3 * time.Second, recovery: true, names: []Name{Internal, Presence}, holders: 2, start: []string{"connect", "ok", "hold a", "poll", "accept",
		"refuse", "drain", "hold a", "poll", "drain", "release a", "wait", "drain"},
		moves: []string{"hold", "release", "evict", "refresh", "service closes", "reset", "ok", "dialed", "established", "accept",
			"refuse", "refuse for now", "do not answer", "deliver", "drain", "publish", "wait", "poll", "poll late", "restarted", "fin"},
		faults: 2},
	{name: "connection", channels: []string{"a"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "connect", "connect with retries", "give up", "reconnect", "close", "dialed", "established",
			"dial fails", "dial fails slowly", "dial refused", "service closes", "reset", "ended", "ended alone", "half-open",
			"wait", "drain", "poll", "poll late"}},
	{name: "stale", channels: []string{"a"}, names: []Name{Internal}, holders: 1, moves: []string{"hold", "release", "poll", "poll late", "accept",
		"deliver", "publish"}, start: connected},
	{name: "copies", channels: []string{"a"}, names: []Name{Internal, Presence}, holders: 1, moves: []string{"hold", "release", "poll",
		"accept", "refuse", "refuse for now", "deliver", "wait"}, start: learned, faults: 2},
	{name: "mixed", channels: []string{"a"}, names: []Name{Presence}, refusals: []Name{Internal}, holders: 1, faults: 2,
		moves: []string{"hold", "release", "refresh", "accept", "refuse", "refuse for now", "deliver", "publish", "wait"},
		start: learned},
	{name: "too much", channels: []string{"a", "b"}, recovery: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "release", "publish too much", "accept too much", "accept", "deliver", "ok", "drain"},
		start: joinedA},
	{name: "renamed", channels: []string{"private-a"}, recovery: true, names: []Name{Internal}, holders: 1, moves: []string{"dialed",
		"established", "established as another", "service closes", "wait", "grant", "drain", "publish"},
		start: []string{"connect", "ok", "hold private-a", "poll", "grant", "drain"}},
	{name: "oversize", channels: []string{"a", "b"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 1, stable: 30 * time.Second,
		moves: []string{"hold", "release", "ok", "publish", "publish too much", "deliver", "accept", "drain", "service closes", "reset",
			"noticed", "wait"},
		start: joinedA},
	{name: "health", channels: []string{"a"}, recovery: true, pongs: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "refresh", "ping", "abandon", "accept", "do not answer", "deliver", "drain", "half-open", "wait", "sleep",
			"ended", "reconnect", "reset", "ok", "publish", "poll", "poll late"},
		start: connected, faults: 2},
	{name: "health without recovery", channels: []string{"a"}, pongs: true, names: []Name{Internal}, holders: 1,
		moves: []string{"hold", "refresh", "ping", "abandon", "accept", "do not answer", "deliver", "drain", "half-open", "wait", "sleep",
			"ended", "reset", "ok", "publish", "poll", "poll late"},
		start: connected, faults: 2},
}
