package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
)

// open finds or creates the stream and the bucket of the leases.
func (b *Bridge) open(ctx context.Context) error {
	js, err := jetstream.New(b.cfg.NATS)
	if err != nil {
		return fmt.Errorf("bridge: JetStream: %w", err)
	}
	c := &b.cfg
	stream, err := js.Stream(ctx, c.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: c.Stream, Subjects: []string{"rtx." + c.App + ".*.*"}, Replicas: c.StreamReplicas,
			MaxAge: c.StreamAge, MaxBytes: orUnlimited(c.StreamBytes), Duplicates: 2 * c.RingAge, AllowAtomicPublish: true,
			Description: "events of RealtimeX, by the bridge of realtimex-go",
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = js.Stream(ctx, c.Stream) // another replica was quicker
		}
	}
	if err != nil {
		return fmt.Errorf("bridge: the stream %s: %w", c.Stream, err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("bridge: the stream %s: %w", c.Stream, err)
	}
	switch s := info.Config; {
	case s.Duplicates < c.RingAge:
		return &ConfigError{"RingAge", fmt.Sprintf("is longer than the duplicate window of the stream, %v", s.Duplicates)}
	case s.MaxAge != 0 && s.MaxAge < 2*c.RingAge:
		return &ConfigError{"RingAge", fmt.Sprintf("is longer than half the maximal age of the stream, %v", s.MaxAge)}
	case !covers(s.Subjects, c.App):
		return &ConfigError{"Stream", "exists, and its subjects do not cover rtx." + c.App + ".*.*"}
	}
	bucket := "rtx-" + c.App + "-leases"
	// The bucket's own TTL, and not one for each key: that would not be renewed by Update, so the
	// lease of a dead replica would never end.
	ttl := c.Lease
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: bucket, TTL: ttl, LimitMarkerTTL: ttl, History: 1, Replicas: c.StreamReplicas,
	})
	if errors.Is(err, jetstream.ErrBucketExists) {
		kv, err = js.KeyValue(ctx, bucket)
	}
	if err != nil {
		return fmt.Errorf("bridge: the bucket %s: %w", bucket, err)
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return fmt.Errorf("bridge: the bucket %s: %w", bucket, err)
	}
	if status.TTL() != ttl {
		return &ConfigError{"Lease", fmt.Sprintf("is not that of the other replicas: the bucket %s has %v", bucket, status.TTL())}
	}
	b.js, b.stream, b.kv, b.atomic = js, stream, kv, info.Config.AllowAtomicPublish
	return nil
}

func orUnlimited(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

func covers(subjects []string, app string) bool {
	for _, s := range subjects {
		switch s {
		case "rtx." + app + ".*.*", "rtx." + app + ".>", "rtx.*.*.*", "rtx.>", ">":
			return true
		}
	}
	return false
}

// startLook reads the last record of a channel, beside the loop.
func (r *running) startLook(h *held, token uint64) {
	r.spawn(func(ctx context.Context) func() {
		l := relay.Last{Failed: true}
		select {
		case r.looks <- struct{}{}:
			ctx, cancel := context.WithTimeout(ctx, answerLimit*3/4)
			l = r.look(ctx, h.filter)
			cancel()
			<-r.looks
		case <-ctx.Done():
		}
		return func() { r.do(h, h.ch.Looked(time.Now(), token, l)) }
	})
}

// look reads the last record of a channel.
func (b *Bridge) look(ctx context.Context, filter string) relay.Last {
	m, err := b.stream.GetLastMsgForSubject(ctx, filter)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return relay.Last{}
	case err != nil:
		return relay.Last{Failed: true}
	}
	return b.last(m.Header, m.Sequence, m.Time)
}

// The answers of JetStream to what was published.
type pubAck struct {
	Error     *apiError `json:"error"`
	Seq       uint64    `json:"seq"`
	Duplicate bool      `json:"duplicate"`
}

type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

const (
	wrongLastSequence         = 10071
	wrongLastSequenceConstant = 10164
	duplicateConflict         = 10158
	messageTooLarge           = 10054
)

func readAck(m *nats.Msg) relay.Ack {
	if len(m.Data) == 0 { // nobody listens, or a status
		return relay.Ack{Failed: true}
	}
	if seq, ok := plainAck(m.Data); ok {
		return relay.Ack{Seq: seq}
	}
	var a pubAck
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return relay.Ack{Failed: true}
	}
	if a.Error == nil {
		return relay.Ack{Seq: a.Seq, Duplicate: a.Duplicate}
	}
	switch a.Error.ErrCode {
	case wrongLastSequence, wrongLastSequenceConstant, duplicateConflict:
		return relay.Ack{Conflict: true}
	case messageTooLarge:
		return relay.Ack{TooLarge: true}
	}
	return relay.Ack{Failed: true}
}

// plainAck reads the usual answer, {"stream":"rtx-shop","seq":12}, without a JSON decoder.
func plainAck(data []byte) (uint64, bool) {
	_, rest, found := bytes.Cut(data, []byte(`,"seq":`))
	if !found || bytes.Contains(data, []byte(`"error"`)) {
		return 0, false
	}
	digits, found := bytes.CutSuffix(bytes.TrimLeft(rest, " "), []byte("}"))
	if !found {
		return 0, false
	}
	seq, err := strconv.ParseUint(string(digits), 10, 64)
	return seq, err == nil
}

// publish sends events or a gap record. The answer comes to the inbox.
func (r *running) publish(h *held, a relay.Action) relay.Action {
	r.endBatch(h) // of one that was never answered
	n := len(a.Entries)
	if n > 1 {
		n = r.batchable(a.Entries)
	}
	h.sent, h.under = max(n, 1), a.Token
	reply := r.inbox + "p." + strconv.Itoa(h.index) + "." + strconv.FormatUint(a.Token, 10)
	if n > 1 {
		r.batches++
		h.batch = true
	}
	r.batchID++
	batch := r.incarnation + strconv.FormatUint(r.batchID, 36)
	for i := range h.sent {
		m, err := h.message(r.Bridge, a, i)
		if err == nil {
			if n > 1 {
				m.Header["Nats-Batch-Id"] = []string{batch}
				m.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(i + 1)}
			}
			if i == h.sent-1 {
				m.Reply = reply
				if n > 1 {
					m.Header["Nats-Batch-Commit"] = []string{"1"}
				}
			}
			err = r.cfg.NATS.PublishMsg(m)
		}
		if err != nil {
			r.endBatch(h)
			return h.ch.Acked(time.Now(), a.Token, relay.Ack{TooLarge: errors.Is(err, nats.ErrMaxPayload), Failed: true})
		}
	}
	return relay.Action{}
}

// A server does much for each batch. So a batch is used only where it is worth it: at least minBatch
// events of one channel wait, and no more than maxBatches channels have records under way. With more
// channels, one record each at a time is quicker.
const (
	minBatch   = 32
	maxBatch   = 512
	maxBatches = 8
)

// headerRoom is what the subject and the headers of a record take at most, in bytes, but for a very
// long id.
const headerRoom = 4 << 10

// most returns how many events of a channel may be published at once. After a batch has failed, the
// next event goes alone.
func (r *running) most(h *held) int {
	if !r.atomic || h.alone || len(r.busy) > maxBatches {
		return 1
	}
	return maxBatch
}

// batchable returns how many of the events are published as one atomic batch.
func (r *running) batchable(entries []relay.Entry) int {
	if r.batches >= maxBatches || len(entries) < minBatch {
		return 1
	}
	n := 0
	for n < len(entries) && len(entries[n].Payload)+headerRoom < int(r.cfg.NATS.MaxPayload()) {
		n++
	}
	return max(n, 1)
}

// endBatch notes that the batch of a channel is over, if there was one.
func (r *running) endBatch(h *held) {
	if h.batch {
		h.batch = false
		r.batches--
	}
}

// answered takes a message on the inbox: "p.<channel>.<token>" is the answer to a record,
// "a.<channel>.<token>" one of a peer.
func (r *running) answered(m *nats.Msg) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(m.Subject, r.inbox), ".")
	channel, number, _ := strings.Cut(rest, ".")
	index, err := strconv.Atoi(channel)
	token, err2 := strconv.ParseUint(number, 10, 64)
	if err != nil || err2 != nil || index < 0 || index >= len(r.all) {
		return
	}
	h := r.all[index]
	if kind == "p" {
		if token != h.under {
			return
		}
		ack := readAck(m)
		ack.N = h.sent
		h.alone = h.batch && ack.Failed
		r.endBatch(h)
		h.ch.Most = r.most(h)
		r.do(h, h.ch.Acked(time.Now(), token, ack))
		return
	}
	r.replied(h, token, m)
}
