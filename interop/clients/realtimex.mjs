// A client on the official realtimex-js, as npm delivers it. Under Node it needs nothing but its CommonJS build, which requires
// socket.io-client by itself (the ES module build calls a require that does not exist there), and the global fetch of Node 18.
//
//   node realtimex.mjs --url http://127.0.0.1:3000 --key KEY [--auth-endpoint URL]
//
// Lines: connected (socket_id), disconnected, error, succeeded and refused (the connection's confirmations and refusals),
//   event (channel, name, data: what reaches a channel's handlers, each line once), bound (the same, for a bind command),
//   subscription_error (the SDK's own), unhandled (a promise that nobody caught: the SDK's failed authorisations), state.
// Commands: subscribe (channel), unsubscribe (channel), bind (channel, name), trigger (channel, name, data), ping, until (state:
//   tell once the connection is in that state), disconnect.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { listen, say } from './lines.mjs';

const { RealtimeX } = createRequire(import.meta.url)('realtimex-js');

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    'auth-endpoint': { type: 'string' },
  },
});

process.on('unhandledRejection', (error) => say('unhandled', { message: error.message }));

const { hostname, port, protocol } = new URL(values.url);
const client = new RealtimeX(values.key, {
  wsHost: hostname,
  wsPort: Number(port),
  encrypted: protocol === 'https:',
  authEndpoint: values['auth-endpoint'],
});
const { connection } = client;

connection.bind('connected', () => say('connected', { socket_id: connection.socket_id }));
connection.bind('disconnected', () => say('disconnected'));
connection.bind('error', (error) => say('error', { message: error?.message ?? String(error) }));
connection.bind('realtimex_internal:subscription_succeeded', (data) => say('succeeded', data));
connection.bind('realtimex_internal:subscription_error', (data) => say('refused', data));
connection.bind('subscription_error', (data) => say('subscription_error', data));

const channels = new Map();
function channel(name) {
  if (!channels.has(name)) throw new Error(`not subscribed: ${name}`);
  return channels.get(name);
}

listen(
  {
    subscribe({ channel: name }) {
      const subscribed = client.subscribe(name);
      if (channels.get(name) === subscribed) return;
      channels.set(name, subscribed);
      subscribed.bind_global((event, data) => say('event', { channel: name, name: event, data }));
    },
    unsubscribe({ channel: name }) {
      client.unsubscribe(name);
      channels.delete(name);
    },
    bind: ({ channel: name, name: event }) =>
      channel(name).bind(event, (data) => say('bound', { channel: name, name: event, data })),
    trigger: ({ channel: name, name: event, data }) => channel(name).trigger(event, data),
    ping: () => connection.ping(),
    until({ state }) {
      if (connection.state === state) say('state', { state });
      else setTimeout(() => this.until({ state }), 10);
    },
    disconnect: () => client.disconnect(),
  },
  () => client.disconnect(),
);
