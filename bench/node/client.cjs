// A row on Node: socket.io-client or realtimex-js, as npm delivers them, spoken to as the Go rows are (see child.go and
// tally.go). The folder that they are installed in is the first argument, the spec the second.
'use strict';
const { createHash } = require('node:crypto');
const { createRequire } = require('node:module');
const net = require('node:net');
const readline = require('node:readline');

const from = createRequire(process.argv[1] + '/package.json');
const spec = JSON.parse(process.argv[2]);
const { channel, event, cycle, verified, grain } = spec;

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
function fail(message) {
  say({ error: message });
  process.exit(1);
}

let credits;
if (!spec.Paced) {
  credits = net.connect({ host: spec.Credits.split(':')[0], port: Number(spec.Credits.split(':')[1]), noDelay: true });
  credits.write(spec.Key + '\n');
}
const one = Buffer.from([1]);

let measured = 0, n = 0, next = 0, hash, begun, result;

function begin(count) {
  measured = count;
  n = next = 0;
  hash = createHash('sha256');
  say({ ready: true });
}

function look() {
  const { user, system } = process.cpuUsage();
  return { at: process.hrtime.bigint(), cpu: user + system };
}

function take(p) {
  if (p.seq !== next || p.tail !== next) fail(`message ${n} of the run: got number ${p.seq} to ${p.tail} instead of ${next}`);
  if (n < verified || n >= verified + measured) hash.update(JSON.stringify(p));
  n++;
  if (++next === cycle) next = 0;
  if (n % grain === 0) credits.write(one);
  if (n === verified) begun = look();
  if (n === verified + measured) {
    const now = look();
    result = { messages: measured, cpu: (now.cpu - begun.cpu) / measured, seconds: Number(now.at - begun.at) / 1e9 };
  }
  if (n === 2 * verified + measured) say({ ...result, digest: hash.digest('hex') });
}

// The delays of a paced row, as delays.go has them. Date.now has whole milliseconds of the clock that the load reads; its
// edges say what to add to performance.now. Whoever sees an edge late sees less to add, so the most of some is right to a
// few microseconds.
let took, ahead;

function beginPaced(count) {
  took = new Float64Array(count);
  n = 0;
  ahead = -Infinity;
  for (let i = 0; i < 10; i++) {
    const edge = Date.now();
    let now;
    while ((now = Date.now()) === edge);
    ahead = Math.max(ahead, now - performance.now());
  }
  begun = look();
  say({ ready: true });
}

function takePaced(p) {
  if (n === took.length) return;
  const now = (ahead + performance.now()) * 1000;
  const want = n % cycle;
  if (p.seq !== want || p.tail !== want) fail(`message ${n} of the run: got number ${p.seq} to ${p.tail} instead of ${want}`);
  took[n++] = now - Number(p.id);
  if (n < took.length) return;
  const cpu = (look().cpu - begun.cpu) / n;
  took.sort();
  const percentile = (of) => took[Math.floor(of * (n - 1))];
  say({ messages: n, cpu, figures: { p50: percentile(0.5), p99: percentile(0.99), 'p99.9': percentile(0.999) } });
}

const handle = spec.Paced ? takePaced : take;

function follow(transports) {
  const { io } = from('socket.io-client');
  const socket = io(spec.URL.replace('ws://', 'http://'), { transports, query: { api_key: spec.Key } });
  socket.on('realtimex:connection_established', () => socket.emit('realtimex:subscribe', { channel }));
  socket.on('realtimex_internal:subscription_succeeded', () => say({ ready: true }));
  socket.on('server-event', (message) => {
    if (message.channel === channel && message.event === event) handle(message.data);
  });
}

const clients = {
  'socket.io-client'() {
    follow(['websocket']);
  },
  'socket.io-client polling'() {
    follow(['polling']);
  },
  'realtimex-js'() {
    const { RealtimeX } = from('realtimex-js');
    const { hostname, port } = new URL(spec.URL);
    const client = new RealtimeX(spec.Key, { wsHost: hostname, wsPort: Number(port), encrypted: false });
    client.connection.bind('realtimex_internal:subscription_succeeded', () => say({ ready: true }));
    client.connection.bind('connected', () => client.subscribe(channel).bind(event, handle));
  },
};

clients[spec.Row]();
readline.createInterface({ input: process.stdin }).on('line', (line) => (spec.Paced ? beginPaced : begin)(Number(line))).on('close', () => process.exit(0));
