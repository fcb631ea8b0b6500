package watermill

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/realtimex/realtimex-go/rtx"
)

// The metadata of messages.
const (
	MetadataChannel  = "realtimex_channel"     // the channel
	MetadataEvent    = "realtimex_event"       // the event's name
	MetadataID       = "realtimex_id"          // the service's id of the event; absent if it gave none
	MetadataReceived = "realtimex_received_at" // when it was received, as in time.RFC3339Nano

	// MetadataGap is in messages that say that events may be missing. It is what rtx.Gap.Error says.
	// The others give its fields, where they are set.
	MetadataGap            = "realtimex_gap"
	MetadataGapSince       = "realtimex_gap_since"
	MetadataGapUntil       = "realtimex_gap_until"
	MetadataGapDropped     = "realtimex_gap_dropped"
	MetadataGapMalformed   = "realtimex_gap_malformed"
	MetadataGapReconnected = "realtimex_gap_reconnected"
	MetadataGapEnded       = "realtimex_gap_ended"
)

// PublisherEvent is the name of the client events that a [Publisher] sends. Their payload is an object
// with the message's uuid, metadata and payload, and a [Subscriber] makes the same message of it.
const PublisherEvent = "client-watermill"

// envelope is the payload of a PublisherEvent.
type envelope struct {
	UUID     string            `json:"uuid"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Payload  []byte            `json:"payload"`
}

// IsGap tells whether the message says that events may be missing.
func IsGap(m *message.Message) bool {
	_, ok := m.Metadata[MetadataGap]
	return ok
}

type event = rtx.Message[json.RawMessage]

func fromEvent(e event) *message.Message {
	m := message.NewMessage(e.ID, message.Payload(e.Value))
	if e.Event == PublisherEvent {
		var sent envelope
		if err := json.Unmarshal(e.Value, &sent); err == nil {
			m = message.NewMessage(sent.UUID, sent.Payload)
			for key, value := range sent.Metadata {
				m.Metadata.Set(key, value)
			}
			delete(m.Metadata, MetadataGap) // no publisher tells a gap
		}
	}
	if m.UUID == "" {
		m.UUID = watermill.NewUUID()
	}
	m.Metadata.Set(MetadataChannel, e.Channel)
	m.Metadata.Set(MetadataEvent, e.Event)
	m.Metadata.Set(MetadataReceived, e.ReceivedAt.Format(time.RFC3339Nano))
	if e.ID != "" {
		m.Metadata.Set(MetadataID, e.ID)
	}
	return m
}

func fromGap(channel string, g *rtx.Gap) *message.Message {
	m := message.NewMessage(watermill.NewUUID(), nil)
	m.Metadata.Set(MetadataChannel, channel)
	m.Metadata.Set(MetadataGap, g.Error())
	if !g.Since.IsZero() {
		m.Metadata.Set(MetadataGapSince, g.Since.Format(time.RFC3339Nano))
	}
	if !g.Until.IsZero() {
		m.Metadata.Set(MetadataGapUntil, g.Until.Format(time.RFC3339Nano))
	}
	for key, n := range map[string]uint64{MetadataGapDropped: g.Dropped, MetadataGapMalformed: g.Malformed} {
		if n > 0 {
			m.Metadata.Set(key, strconv.FormatUint(n, 10))
		}
	}
	for key, is := range map[string]bool{MetadataGapReconnected: g.Reconnected, MetadataGapEnded: g.Ended} {
		if is {
			m.Metadata.Set(key, "true")
		}
	}
	return m
}
