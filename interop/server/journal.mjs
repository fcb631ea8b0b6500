// What happened on this server since it started, for GET /control/stats: each connection with what it asked for, and what
// clients sent. Signatures are never kept, only whether they were right. Lists are bounded; the counters beside them are not.
const maxConnections = 20_000;
const maxClientEvents = 50_000;

export class Journal {
  #connections = [];
  #clientEvents = [];
  #refused = 0;
  #total = 0;
  #clientEventTotal = 0;
  #version = 0;
  #waiting = [];
  #waking = false;

  // Every change is announced, a burst of them once, so that a test can wait for a state without polling for it.
  changed() {
    this.#version++;
    if (this.#waking || this.#waiting.length === 0) return;
    this.#waking = true;
    setTimeout(() => {
      this.#waking = false;
      for (const wake of this.#waiting.splice(0)) wake();
    }, 10);
  }

  // Resolves once something has changed after that version, or after a while all the same.
  after(version) {
    if (this.#version !== version) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 5_000);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  opened(socket) {
    const record = {
      socket_id: socket.id,
      connected: true,
      recovered: socket.recovered,
      transport: () => socket.conn.transport.name,
      connected_at: Date.now(),
      disconnected_at: 0,
      reason: '',
      payload: socket.handshake.auth,
      pings: 0,
      subscribes: new Map(), // channel → how often asked for
      unsubscribes: new Map(),
      subscribed: new Set(),
      auths: [],
    };
    this.#total++;
    this.#connections.push(record);
    if (this.#connections.length > maxConnections) this.#connections.shift();
    this.changed();
    return record;
  }

  closed(record, reason) {
    record.connected = false;
    record.disconnected_at = Date.now();
    record.reason = reason;
    this.changed();
  }

  refused() {
    this.#refused++;
    this.changed();
  }

  // Every socket id this server has given, for telling a signature that was made for another connection.
  ids() {
    return new Set(this.#connections.map((c) => c.socket_id));
  }

  clientEvent(entry) {
    this.#clientEventTotal++;
    this.#clientEvents.push(entry);
    if (this.#clientEvents.length > maxClientEvents) this.#clientEvents.shift();
    this.changed();
  }

  snapshot(engine) {
    const channels = {};
    const channel = (name) => (channels[name] ??= { subscribers: 0, subscribes: 0 });
    for (const c of this.#connections) {
      for (const [name, n] of c.subscribes) channel(name).subscribes += n;
      for (const name of c.subscribed) channel(name).subscribers++;
    }
    return {
      version: this.#version,
      connections: this.#connections.filter((c) => c.connected).length,
      engine_connections: engine.clientsCount,
      total_connections: this.#total,
      refused: this.#refused,
      channels,
      sockets: this.#connections.map((c) => ({
        ...c,
        transport: c.transport(),
        subscribes: Object.fromEntries(c.subscribes),
        unsubscribes: Object.fromEntries(c.unsubscribes),
        subscribed: [...c.subscribed],
      })),
      client_events: this.#clientEvents,
      client_event_total: this.#clientEventTotal,
    };
  }
}
