// A client on the official realtimex-js, as npm delivers it. Under Node it needs nothing but its CommonJS build, which requires
// socket.io-client by itself (the ES module build calls a require that does not exist there), and the global fetch of Node 18.
//
//   node realtimex.mjs --url http://127.0.0.1:3000 --key KEY [--auth-endpoint URL [--auth-delay MILLISECONDS]]
//
// The SDK asks for each channel by itself, with fetch. With --auth-delay what it asks within that time goes through the batching
// add-on for pusher-js instead; the SDK itself is as it is.
//
// Lines: connected (socket_id), disconnected, error, succeeded and refused (the connection's confirmations and refusals),
//   event (channel, name, data: what reaches a channel's handlers, each line once), bound (the same, for a bind command),
//   subscription_error (the SDK's own), unhandled (a promise that nobody caught: the SDK's failed authorisations), state.
// Commands: subscribe (channel), unsubscribe (channel), bind (channel, name), trigger (channel, name, data), ping, until (state:
//   tell once the connection is in that state), disconnect.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { authorizer } from './addon.mjs';
import { listen, say } from './lines.mjs';

const { RealtimeX } = createRequire(import.meta.url)('realtimex-js');

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    'auth-endpoint': { type: 'string' },
    'auth-delay': { type: 'string' },
  },
});

if (values['auth-delay']) {
  const authorize = authorizer(values['auth-endpoint'], Number(values['auth-delay']));
  globalThis.fetch = async (url, { body }) => {
    if (url !== values['auth-endpoint']) throw new Error(`fetch of ${url}`);
    const asked = JSON.parse(body);
    return Response.json(await authorize(asked.socket_id, asked.channel_name));
  };
}

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
