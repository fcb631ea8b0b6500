// The RealtimeX service on top of a socket.io namespace: channels, confirmations, client events and presence.
import { memberPayload, parseMember, presenceEvents, rosterPayload, Rooms } from './presence.mjs';
import { verify } from './signature.mjs';

// A room of its own, so that no channel can be named like a socket's private room.
const room = (channel) => `channel:${channel}`;
const isPresence = (channel) => channel.startsWith('presence-');
const isGuarded = (channel) => channel.startsWith('private-') || isPresence(channel);

export class Service {
  #io;
  #options;
  #journal;
  #rooms = new Rooms();
  #live = new Set(); // of {socket, record}; two may share an id while an old connection lingers
  #denied = new Map();
  #held; // confirmations that wait, while they are held

  constructor(io, options, journal) {
    this.#io = io;
    this.#options = options;
    this.#journal = journal;
    if (options.badKey === 'connect-error') {
      io.use((socket, next) => next(this.validKey(socket.handshake.query.api_key) ? undefined : this.#refusal()));
    }
    io.on('connection', (socket) => this.#connected(socket));
  }

  validKey(key) {
    return key === this.#options.key;
  }

  #refusal() {
    this.#journal.refused();
    return Object.assign(new Error('Invalid API key'), { data: { code: 4001 } });
  }

  #connected(socket) {
    if (!this.validKey(socket.handshake.query.api_key)) {
      this.#journal.refused();
      socket.disconnect(true);
      return;
    }
    const record = this.#journal.opened(socket);
    const connection = { socket, record };
    this.#live.add(connection);
    socket.data.members ??= {};
    if (socket.recovered) this.#restore(connection);

    const on = (event, handle) =>
      socket.on(event, (payload) => handle(payload !== null && typeof payload === 'object' ? payload : {}));
    on('realtimex:subscribe', (payload) => this.#subscribe(connection, payload));
    on('realtimex:unsubscribe', (payload) => this.#unsubscribe(connection, payload.channel));
    on('client-event', (payload) => this.#clientEvent(connection, payload));
    on('realtimex:ping', () => {
      record.pings++;
      this.#journal.changed();
      if (this.#options.pong === 'on') socket.emit('realtimex:pong', {});
    });
    socket.on('disconnect', (reason) => {
      this.#live.delete(connection);
      this.#journal.closed(record, reason);
      for (const channel of record.subscribed) this.#leave(connection, channel);
      record.subscribed.clear();
    });
    if (this.#options.established === 'on') {
      socket.emit('realtimex:connection_established', { socket_id: socket.id });
    }
  }

  // Recovery has kept the rooms of the socket; the memberships ended with the lost connection and begin again.
  #restore(connection) {
    const { socket, record } = connection;
    for (const name of socket.rooms) {
      if (name.startsWith('channel:')) record.subscribed.add(name.slice('channel:'.length));
    }
    for (const [channel, { key, member }] of Object.entries(socket.data.members)) {
      this.#join(connection, channel, key, member);
    }
  }

  #subscribe(connection, { channel, auth, channel_data: channelData }) {
    const { socket, record } = connection;
    const refuse = (error, code) =>
      socket.emit('realtimex_internal:subscription_error', { channel: channel ?? null, error, code });
    if (typeof channel !== 'string' || channel === '' || channel.length > 200) {
      return refuse('Invalid channel name', 4000);
    }
    record.subscribes.set(channel, (record.subscribes.get(channel) ?? 0) + 1);
    this.#journal.changed();
    const denied = this.#denied.get(channel);
    if (denied) return refuse(denied.error, denied.code);
    if (isPresence(channel) && typeof channelData !== 'string') return refuse('channel_data is required', 4003);
    if (isGuarded(channel)) {
      const { key, secret } = this.#options;
      const signedData = isPresence(channel) ? channelData : undefined;
      const valid = verify(key, secret, auth, socket.id, channel, signedData);
      const stale = !valid && [...this.#journal.ids()].some((id) => verify(key, secret, auth, id, channel, signedData));
      record.auths.push({ channel, given: typeof auth === 'string' && auth !== '', valid, stale });
      if (!valid) return refuse('Invalid signature', 4003);
    }
    let parsed;
    if (isPresence(channel)) {
      parsed = parseMember(channelData, this.#options.userId === 'number');
      if (parsed.error) return refuse(parsed.error, 4003);
    }
    socket.join(room(channel));
    record.subscribed.add(channel);
    const joined = parsed && !socket.data.members[channel];
    if (joined) socket.data.members[channel] = parsed;
    const confirm = () => {
      // Unsubscribed or gone while the confirmation was held: there is nothing left to confirm.
      if (!record.connected || !record.subscribed.has(channel)) return;
      if (joined) this.#join(connection, channel, parsed.key, parsed.member);
      this.#confirm(socket, channel);
    };
    if (this.#held) this.#held.push(confirm);
    else confirm();
  }

  #confirm(socket, channel) {
    if (!isPresence(channel)) {
      socket.emit('realtimex_internal:subscription_succeeded', { channel, initial_state: {} });
      return;
    }
    const roster = rosterPayload(this.#rooms.members(channel), this.#options.memberShape);
    const { presenceConfirmation } = this.#options;
    const copies = presenceEvents(this.#options, channel, 'subscription_succeeded', roster);
    if (presenceConfirmation !== 'none') {
      const payload = presenceConfirmation === 'members' ? { channel, ...roster } : { channel };
      socket.emit('realtimex_internal:subscription_succeeded', payload);
    }
    for (const [event, payload] of copies) {
      const repeated = presenceConfirmation === 'members' && event === 'realtimex_internal:subscription_succeeded';
      if (!repeated) socket.emit(event, payload);
    }
  }

  #join(connection, channel, key, member) {
    if (!this.#rooms.add(channel, key, member, connection)) return;
    const payload = memberPayload(member, this.#options.memberShape);
    for (const [event, data] of presenceEvents(this.#options, channel, 'member_added', payload)) {
      connection.socket.to(room(channel)).emit(event, data);
    }
  }

  #leave(connection, channel) {
    const membership = connection.socket.data.members[channel];
    if (!membership) return;
    const member = this.#rooms.remove(channel, membership.key, connection);
    if (!member) return;
    const payload = memberPayload(member, this.#options.memberShape);
    for (const [event, data] of presenceEvents(this.#options, channel, 'member_removed', payload)) {
      this.#io.to(room(channel)).except(connection.socket.id).emit(event, data);
    }
  }

  #unsubscribe(connection, channel) {
    const { socket, record } = connection;
    if (typeof channel !== 'string') return;
    record.unsubscribes.set(channel, (record.unsubscribes.get(channel) ?? 0) + 1);
    this.#journal.changed();
    if (!record.subscribed.delete(channel)) return;
    socket.leave(room(channel));
    this.#leave(connection, channel);
    delete socket.data.members[channel];
  }

  #clientEvent({ socket, record }, { channel, event, data }) {
    const relayed =
      typeof channel === 'string' &&
      typeof event === 'string' &&
      isGuarded(channel) &&
      event.startsWith('client-') &&
      record.subscribed.has(channel);
    this.#journal.clientEvent({ socket_id: socket.id, channel, event, data, relayed });
    if (relayed) socket.to(room(channel)).emit('server-event', { channel, event, data });
  }

  // What follows is for the control face.

  publish(channel, event, data, except) {
    const to = except ? this.#io.to(room(channel)).except(except) : this.#io.to(room(channel));
    to.emit('server-event', { channel, event, data });
  }

  // The live sockets with this id, or all of them.
  sockets(id) {
    return [...this.#live].filter(({ socket }) => id === undefined || socket.id === id).map(({ socket }) => socket);
  }

  deny(channel, error, code) {
    this.#denied.set(channel, { error, code });
  }

  allow(channel) {
    this.#denied.delete(channel);
  }

  // Holds confirmations back; released, they go out in the order of the subscriptions. Gives how many were released.
  hold(on) {
    const waiting = this.#held ?? [];
    this.#held = on ? waiting : undefined;
    if (on) return 0;
    for (const confirm of waiting) confirm();
    return waiting.length;
  }

  // A deaf connection: the socket loses every room, its private one too, by which recovery's adapter reaches it. This is
  // what a server with recovery does to a client that came back over a half-open link. Heartbeats go on.
  dropRooms(id) {
    const sockets = this.sockets(id);
    for (const socket of sockets) this.#io.sockets.adapter.delAll(socket.id);
    return sockets.length;
  }
}
