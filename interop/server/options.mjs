// The command line of the server. Each flag can also be set by an environment variable: --ping-interval is
// REALTIMEX_PING_INTERVAL. A wrong value ends the process with a line that names the flag.
import { parseArgs } from 'node:util';

const text = (fallback) => ({ fallback, parse: (s) => s });
const number = (fallback) => ({
  fallback,
  parse: (s) => (/^\d+$/.test(s) ? Number(s) : undefined),
  wants: 'a whole number',
});
const choice = (...values) => ({
  fallback: values[0],
  parse: (s) => (values.includes(s) ? s : undefined),
  wants: values.join(', '),
});

// The first value of a choice is its default.
const flags = {
  port: number(0),
  key: text('interop-key'),
  secret: text('interop-secret'),
  'presence-delivery': choice('wrapped', 'top', 'both'),
  'presence-names': choice('both', 'internal', 'presence'),
  'presence-confirmation': choice('members', 'bare', 'none'),
  'member-shape': choice('array', 'pusher', 'initial_state', 'flat'),
  'user-id': choice('string', 'number'),
  'bad-key': choice('connect-error', 'http', 'disconnect'),
  established: choice('on', 'off'),
  pong: choice('on', 'off'),
  recovery: choice('off', 'on'),
  'recovery-window': number(120_000),
  'ping-interval': number(25_000),
  'ping-timeout': number(20_000),
  'connect-timeout': number(45_000),
  'max-payload': number(1_000_000),
  transports: choice('polling,websocket', 'websocket', 'polling'),
  path: text('/socket.io/'),
  redis: text(''),
};

export function readOptions(argv, env) {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ args: argv, options });
  const out = {};
  for (const [name, flag] of Object.entries(flags)) {
    const given = values[name] ?? env[`REALTIMEX_${name.toUpperCase().replaceAll('-', '_')}`];
    const value = given === undefined ? flag.fallback : flag.parse(given);
    if (value === undefined) {
      throw new Error(`--${name} ${given}: want ${flag.wants}`);
    }
    out[name.replace(/-(\w)/g, (_, c) => c.toUpperCase())] = value;
  }
  return out;
}
