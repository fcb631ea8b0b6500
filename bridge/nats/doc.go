// Package bridge puts the events of RealtimeX channels on NATS JetStream, and survives the loss of
// links and processes.
//
// Several replicas run [Run] with the same App. Each receives the channels and keeps the newest
// events of each in a ring. One of them publishes a channel; the others stand by. What the service
// sent to at least one live replica is on the bus once and in order, or a gap record is there in its
// place.
//
//	err := bridge.Run(ctx, bridge.Config{
//		Client: client, NATS: conn, App: "shop", Channels: []string{"orders", "stock"},
//	})
//
// [Consume] reads the bus as a stream of package rtx is read: values, and gaps in their places.
//
//	for order, gap := range bridge.Consume[Order](ctx, consumer) {
//
// # On the bus
//
// An event has the subject rtx.<app>.<channel>.<event>, where channel and event are escaped as by
// [Escape]. Its payload is that of the service. The header Nats-Msg-Id has the channel, a dot and the
// service's id of the event, both escaped; if the service gave no id, there is one that begins with
// "~". The header [HeaderReceived] has the time. A gap record has the subject
// rtx.<app>.<channel>.!gap. It stands where events may be missing.
//
// # How it is kept right
//
// A record is published under the condition that the last record of its channel is the one that the
// replica knows (the header Nats-Expected-Last-Subject-Sequence, for all subjects of the channel),
// and a replica publishes only what directly follows that event in its ring. So two replicas that
// both publish, because one was stopped and went on after its lease had run out, can neither break
// the order nor repeat an event. Nats-Msg-Id, of the channel and the id, is a second guard.
//
// If a replica is to publish and has missed something, it asks the others for what directly follows
// the last event on the bus. It publishes what they have. If none of them knows within Config.Fill,
// it publishes a gap record. A replica that takes over reads the last event on the bus, finds it in
// its ring, and goes on from there.
//
// Each replica has a key in a bucket with a TTL, which it renews: its lease. The replica that has been
// subscribed for longest publishes. A replica that has lost its link to the service, or is to end, says
// so in its lease, and another takes over. With Config.Sharded each channel has its own order of
// replicas, by rendezvous hashing; the first publishes it, and the first two receive it. One more
// replica takes 1/n of the channels. A lease says among whom its holder has taken its channels, so a
// former receiver unsubscribes only when those that take its place receive the channel.
//
// # Without ids
//
// All this needs the ids of events, which a service gives if it has connection state recovery. Without
// them one replica is active and the others stand by: a takeover is a gap record, and nothing is
// filled. A warning and Stats.WithoutIDs say so.
//
// # What it stands on
//
// All replicas must receive the events of a channel in the same order. One service does that, and the
// events of one connection are in order. A gap on a quiet channel is closed without a record if a peer
// proves, by a ping that the service has answered since, that nothing was missed. If the service
// consists of several nodes, an event that is slower from node to node than Config.Fill can be missed
// by that proof.
package bridge
