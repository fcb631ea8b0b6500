package bridge

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
	"github.com/realtimex/realtimex-go/rtx"
)

// A question is what a replica asks its peers: relay.Query.
type question struct {
	Channel string `json:"channel"`
	After   string `json:"after,omitempty"`
	Until   string `json:"until,omitempty"`
	Lead    string `json:"lead,omitempty"`
	Proof   bool   `json:"proof,omitempty"`
}

// An answer is a relay.Run.
type answer struct {
	Found   bool          `json:"found,omitempty"`
	Entries []relay.Entry `json:"entries,omitempty"`
	Lead    []relay.Entry `json:"lead,omitempty"`
	Older   int           `json:"older,omitempty"`
	Live    bool          `json:"live,omitempty"`
	Proven  bool          `json:"proven,omitempty"`
}

// questions are those of one channel that are under way.
type questions struct {
	token uint64
	open  int // answers that are awaited
	asked int
	by    time.Time
}

// answerTime is how long a peer may take to answer.
const answerTime = time.Second

// peerSubject is where a replica is asked. No stream of the bridge has it.
func (b *Bridge) peerSubject(replica string) string {
	return "_rtx." + b.cfg.App + ".peer." + Escape(replica)
}

// ask asks all peers.
func (r *running) ask(h *held, a relay.Action) relay.Action {
	now := time.Now()
	data, err := json.Marshal(question{h.name, a.Query.After, a.Query.Until, a.Query.Lead, a.Query.Proof})
	q := questions{token: a.Token, by: now.Add(min(answerTime, r.cfg.Fill/2))}
	for _, name := range r.askable(now) {
		reply := r.inbox + "a." + strconv.Itoa(h.index) + "." + strconv.FormatUint(a.Token, 10)
		if r.cfg.NATS.PublishRequest(r.peerSubject(name), reply, data) == nil && err == nil {
			q.open++
		}
		q.asked++
	}
	h.asking = q
	if q.asked == 0 {
		h.asking = questions{}
		return h.ch.AnsweredAll(now, a.Token, 0)
	}
	return relay.Action{}
}

// replied takes a peer's answer.
func (r *running) replied(h *held, token uint64, m *nats.Msg) {
	if h.asking.token != token {
		return
	}
	now := time.Now()
	var a answer
	if len(m.Data) > 0 && json.Unmarshal(m.Data, &a) == nil {
		r.do(h, h.ch.Answered(now, token, relay.Run{Found: a.Found, Entries: a.Entries, Lead: a.Lead, Older: a.Older, Live: a.Live}, a.Proven))
	}
	if h.asking.token != token {
		return // the answer was enough, and there is another question
	}
	if h.asking.open--; h.asking.open <= 0 {
		asked := h.asking.asked
		h.asking = questions{}
		r.do(h, h.ch.AnsweredAll(now, token, asked))
	}
}

// expire ends the wait for answers that do not come.
func (r *running) expire(h *held, now time.Time) {
	if q := h.asking; q.token != 0 && !now.Before(q.by) {
		h.asking = questions{}
		r.do(h, h.ch.AnsweredAll(now, q.token, q.asked))
	}
}

// serve answers a peer.
func (r *running) serve(m *nats.Msg) {
	var q question
	if m.Reply == "" || len(m.Data) > 16<<10 || json.Unmarshal(m.Data, &q) != nil {
		return
	}
	h := r.byName[q.Channel]
	if h == nil {
		_ = m.Respond([]byte("{}"))
		return
	}
	if !q.Proof {
		r.respond(m, h, q, false)
		return
	}
	r.barrier.wait(func(answered, _ bool) {
		r.respond(m, h, q, answered && r.seat.IsConfirmed(h.index) && h.channel.State() == rtx.ChannelSubscribed)
	})
	r.startBarrier()
}

func (r *running) respond(m *nats.Msg, h *held, q question, proven bool) {
	var run relay.Run
	switch limit := min(maxRun, int(r.cfg.NATS.MaxPayload())/4); {
	case q.After != "":
		run = h.ch.Ring.After(q.After, limit)
	case q.Until != "":
		run = h.ch.Ring.Until(q.Until, limit)
	}
	if q.Lead != "" {
		run.Lead = h.ch.Ring.LeadUp(q.Lead, min(maxRun, int(r.cfg.NATS.MaxPayload())/4))
	}
	r.stats.count(func(s *Stats) { s.Answers++ })
	data, err := json.Marshal(answer{run.Found, run.Entries, run.Lead, run.Older, run.Live, proven})
	if err != nil || len(data) > int(r.cfg.NATS.MaxPayload()) {
		data = []byte("{}")
	}
	_ = m.Respond(data)
}

// A barrier makes sure that whatever the service has sent until now was received: a ping that is
// answered after it, on the same connection. One ping serves all who wait for it when it begins.
type barrier struct {
	waiting []func(answered, up bool)
	running bool
}

// wait has f called after the next ping: answered is set if there was an answer, up if the client is
// connected.
func (b *barrier) wait(f func(answered, up bool)) { b.waiting = append(b.waiting, f) }

// startBarrier sends a ping if somebody waits for one.
func (r *running) startBarrier() {
	if r.barrier.running || len(r.barrier.waiting) == 0 {
		return
	}
	waiting := r.barrier.waiting
	r.barrier.running, r.barrier.waiting = true, nil
	r.spawn(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		_, err := r.cfg.Client.Ping(ctx)
		return func() {
			r.barrier.running = false
			r.receive() // what came before the answer
			up := r.cfg.Client.State() == rtx.StateConnected
			for _, f := range waiting {
				f(err == nil, up)
			}
			r.startBarrier()
		}
	})
}
