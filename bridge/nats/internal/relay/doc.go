// Package relay decides what one replica of the bridge does with one channel: which event it
// publishes next, when it asks its peers for events that it missed, and when it tells a gap. It has
// no I/O, no goroutine, no lock and no clock.
//
// The bus keeps the truth. A replica publishes only the direct successor of the last event on the
// bus, under the condition that nothing was published since it looked. If the condition fails, it
// looks again. So two replicas that both publish can't break the order and can't repeat an event;
// the lease only keeps them from competing.
//
// A replica knows the direct successor of an event if both stand in its ring without a hole between
// them. Otherwise it asks its peers for a run: the events that directly follow the last one. If no
// peer knows within the time limit, it publishes a gap record and goes on behind the hole.
package relay
