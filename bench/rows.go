package main

// A row is a client under load.
type row struct {
	name     string
	peer     string // the server it needs: "" the load server, "nats", or "node" for the load server and Node
	size     int    // the only one; 0 for all
	channels int    // that the messages are spread over
	streams  int    // bound
	shared   bool   // several workers take the messages
	polling  bool   // by HTTP long-polling, and no WebSocket
}

// rows are measured in rounds, one after the other, so that what else the machine does strikes all
// alike.
var rows = []row{
	{name: "floor3"},
	{name: "floor4"},
	{name: "floor5"},
	{name: "rtx"},
	{name: "rtx Message"},
	{name: "rtx RawMessage"},
	{name: "rtx All"},
	{name: "rtx Pending"},
	{name: "rtx sonic"},
	{name: "pipeline by hand", size: 150},
	{name: "pipeline flow", size: 150},
	{name: "pipeline rill", size: 150},
	{name: "pipeline ro", size: 150},
	{name: "nats.go", peer: "nats"},
	{name: "socket.io-client", peer: "node"},
	{name: "realtimex-js", peer: "node"},
	{name: "rtx polling", polling: true},
	{name: "socket.io-client polling", peer: "node", polling: true},

	{name: "fan-in 10000 shared", size: 150, channels: 10_000, shared: true},
	{name: "fan-in 10000 partition", size: 150, channels: 10_000, shared: true},

	{name: "routing 1", size: 150, streams: 1},
	{name: "routing 100", size: 150, streams: 100},
	{name: "routing 10000", size: 150, streams: 10_000},
	{name: "routing 100000", size: 150, streams: 100_000},
	{name: "spread 100", size: 150, channels: 100},
	{name: "spread 10000", size: 150, channels: 10_000},
	{name: "spread 100000", size: 150, channels: 100_000},
}

// A client takes messages until its connection ends. It calls ready when it is subscribed.
type client func(s spec, t *tally, ready func()) error

var clients = map[string]client{
	"floor3":         floor3,
	"floor4":         floor4,
	"floor5":         floor5,
	"rtx":            libraryPayload,
	"rtx Message":    libraryMessage,
	"rtx RawMessage": libraryRaw,
	"rtx All":        libraryAll,
	"rtx Pending":    libraryPending,
	"rtx sonic":      librarySonic,
	"rtx polling":    libraryPolling,
	"nats.go":        natsRow,

	"pipeline by hand": pipelineLoop,
	"pipeline flow":    pipelineFlow,
	"pipeline rill":    pipelineRill,
	"pipeline ro":      pipelineRo,

	"fan-in 10000 shared":    libraryFanIn,
	"fan-in 10000 partition": libraryPartition,

	"routing 1":      libraryRouting,
	"routing 100":    libraryRouting,
	"routing 10000":  libraryRouting,
	"routing 100000": libraryRouting,
	"spread 100":     libraryRouting,
	"spread 10000":   libraryRouting,
	"spread 100000":  libraryRouting,
}

// others are the rows that are no flood: each gives figures of its own, once a round.
var others = map[string]func(spec) (map[string]float64, error){
	"idle":        idle,
	"streams":     idleStreams,
	"connect":     connect,
	"echo":        echo,
	"resubscribe": resubscribe,

	"scale channels": scaleChannels,
	"scale clients":  scaleClients,
}

// messages is how many are measured in a round, chosen for about the same time at each size: a
// multiple of grain.
func messages(size int, quick bool) int {
	n := 320_000
	switch {
	case size > 4<<10:
		n = 32_000
	case size > 512:
		n = 192_000
	}
	if quick {
		n /= 5
	}
	return n / grain * grain
}
