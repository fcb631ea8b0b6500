// A small RealtimeX server on the real socket.io server. It prints "listening PORT" once it is ready, and exits when its
// standard input ends, so that no test that died leaves it behind. See ../README.md for the flags and the control face.
import { createServer, ServerResponse } from 'node:http';
import { Server } from 'socket.io';
import { controlFace } from './control.mjs';
import { echoNamespace } from './echo.mjs';
import { Journal } from './journal.mjs';
import { readOptions } from './options.mjs';
import { Service } from './realtimex.mjs';

function fail(error) {
  console.error(error.message);
  process.exit(2);
}

let options;
try {
  options = readOptions(process.argv.slice(2), process.env);
} catch (error) {
  fail(error);
}

// socket.io takes what is under its path before this listener sees it.
const http = createServer((request, response) => control(request, response));

const io = new Server(http, {
  path: options.path,
  transports: options.transports.split(','),
  pingInterval: options.pingInterval,
  pingTimeout: options.pingTimeout,
  connectTimeout: options.connectTimeout,
  maxHttpBufferSize: options.maxPayload,
  serveClient: false,
  ...(options.recovery === 'on' && {
    connectionStateRecovery: { maxDisconnectionDuration: options.recoveryWindow, skipMiddlewares: true },
  }),
});

if (options.redis) {
  const { createAdapter } = await import('@socket.io/redis-adapter');
  const { createClient } = await import('redis');
  const publisher = createClient({ url: options.redis });
  const subscriber = publisher.duplicate();
  for (const client of [publisher, subscriber]) client.on('error', (error) => console.error(`redis: ${error.message}`));
  await Promise.all([publisher.connect(), subscriber.connect()]).catch(fail);
  io.adapter(createAdapter(publisher, subscriber));
}

const journal = new Journal();
io.engine.on('connection', (link) => {
  journal.changed();
  link.on('close', () => journal.changed());
});
const service = new Service(io, options, journal);
const control = controlFace(io, service, journal, options);
echoNamespace(io);

if (options.badKey === 'http') {
  io.engine.use((request, response, next) => {
    const { sid, api_key: key } = request._query;
    if (sid !== undefined || service.validKey(key)) return next();
    journal.refused();
    const headers = { 'Content-Type': 'application/json', Connection: 'close' };
    const body = JSON.stringify({ code: 4001, message: 'Invalid API key' });
    if (response instanceof ServerResponse) {
      response.writeHead(401, headers).end(body);
      return;
    }
    // engine.io's stand-in for the response to an upgrade cannot answer; it only closes.
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    response.socket.end(`HTTP/1.1 401 Unauthorized\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}

process.stdin.on('end', () => process.exit(0)).resume();
http.on('error', fail);
http.listen(options.port, '127.0.0.1', () => console.log(`listening ${http.address().port}`));
