// A client on the real socket.io-client.
//
//   node socketio.mjs --url http://127.0.0.1:3000 [--key KEY] [--namespace /custom] [--transports polling,websocket]
//                     [--payload JSON] [--no-reconnect] [--delay MS]
//
// Lines: connect, connect_error, disconnect, upgrade, event (name, args), ack (id, args), sent, heartbeats.
// Commands: emit (name, args, and ack, an id, to ask for an acknowledgement), disconnect, connect, close-engine, heartbeats
//   (count: tell when that many more pings have come from the server).
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';
import { listen, say, withBytes } from './lines.mjs';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    namespace: { type: 'string', default: '/' },
    transports: { type: 'string', default: 'polling,websocket' },
    payload: { type: 'string' },
    'no-reconnect': { type: 'boolean', default: false },
    delay: { type: 'string', default: '100' },
  },
});

const socket = io(values.url + values.namespace, {
  transports: values.transports.split(','),
  query: values.key === undefined ? {} : { api_key: values.key },
  auth: values.payload === undefined ? undefined : JSON.parse(values.payload),
  reconnection: !values['no-reconnect'],
  reconnectionDelay: Number(values.delay),
  reconnectionDelayMax: Number(values.delay),
  autoConnect: false,
});

const transport = () => socket.io.engine?.transport?.name;

socket.io.on('open', () => {
  socket.io.engine.once('upgrade', () => say('upgrade', { transport: transport() }));
});
socket.on('connect', () => say('connect', { id: socket.id, recovered: socket.recovered, transport: transport() }));
socket.on('disconnect', (reason) => say('disconnect', { reason }));
socket.on('connect_error', (error) => {
  const response = error.context?.responseText ?? error.context?.response;
  const status = error.context?.status ?? error.context?.statusCode;
  say('connect_error', { message: error.message, data: error.data, status, response: typeof response === 'string' ? response : undefined });
});
socket.onAny((name, ...args) => say('event', { name, args }));

listen(
  {
    emit({ name, args = [], ack }) {
      if (ack === undefined) socket.emit(name, ...withBytes(args));
      else socket.emit(name, ...withBytes(args), (...answer) => say('ack', { id: ack, args: answer }));
      say('sent', { name });
    },
    disconnect: () => socket.disconnect(),
    connect: () => socket.connect(),
    heartbeats({ count }) {
      let seen = 0;
      socket.io.on('ping', function ping() {
        if (++seen < count) return;
        socket.io.off('ping', ping);
        say('heartbeats', { count });
      });
    },
    'close-engine': () => socket.io.engine.close(), // as a client does that finds its link dead
  },
  () => socket.disconnect(),
);
socket.connect();
