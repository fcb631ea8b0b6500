// The faults, and what each client made of them.

import { call } from './api.js';
import { $, h, setText, keyed, duration, say } from './dom.js';

const most = 20;  // outcomes that are remembered
const lines = 40; // of one outcome
let outcomes = []; // newest first

const fields = {
  channel: () => ['channel', $('fault-channel').value],
  code: () => ['code', Number($('fault-code').value)],
  n: () => ['n', Number($('fault-n').value)],
  latency: () => ['latency_ms', Number($('fault-latency').value)],
  rate: () => ['bytes_per_second', Number($('fault-rate').value)],
};

const onConnections = ['drop', 'close', 'disconnect', 'half_open'];

export function start() {
  $('faults').addEventListener('click', (e) => {
    const button = e.target.closest('button[data-fault]');
    if (!button) return;
    const asked = {};
    for (const name of (button.dataset.with ?? '').split(' ').filter(Boolean)) {
      const [field, value] = fields[name]();
      asked[field] = value;
    }
    if (onConnections.includes(button.dataset.fault) && $('fault-target').value) asked.socket_id = $('fault-target').value;
    make(button.dataset.fault, asked);
  });
}

// begin forgets what was: the past comes again.
export function begin() {
  outcomes = [];
  draw();
}

// make makes a fault.
export async function make(fault, asked) {
  try {
    const { made, active } = await call('POST', 'faults', { fault, ...asked });
    say(`${made.name.replaceAll('_', ' ')}: ${made.detail}`);
    showActive(active);
  } catch (error) { say(error.message, true); }
}

export function show(state) { showActive(state.faults); }

function showActive(f) {
  const on = [];
  if (f.down) on.push('the server is stopped');
  if (f.hold_confirmations) on.push(`confirmations are held, ${f.confirmations_waiting} wait`);
  if (f.denied_channels.length) on.push(`denied: ${f.denied_channels.slice(0, 10).join(', ')}`);
  if (f.latency_ms || f.bytes_per_second) on.push(`slow link: ${f.latency_ms} ms, ${f.bytes_per_second || 'any number of'} bytes per second`);
  if (f.lose_next) on.push(`the next ${f.lose_next} events are lost`);
  if (f.refuse_next) on.push(`the next ${f.refuse_next} connections are refused`);
  if (f.auth_fail_next) on.push(`the next ${f.auth_fail_next} signatures fail`);
  if (f.block_websockets) on.push('WebSockets are blocked');
  setText($('active'), on.length ? `Now: ${on.join('; ')}.` : 'Nothing goes wrong now.');
  $('active').className = on.length ? 'bad' : 'good';
}

// add reads what happened for what it says of the last faults.
export function add(list) {
  let changed = false;
  for (const a of list) {
    if (a.kind === 'fault') {
      outcomes.unshift({ number: a.number, fault: a.fault, at: Date.parse(a.time), channel: a.channel, waits: new Set(a.fault.affected), left: 0, back: 0, recovered: 0, lost: 0, denied: 0, lines: [] });
      if (outcomes.length > most) outcomes.pop();
      changed = true;
    } else if (outcomes.length) {
      changed = note(a) || changed;
    }
  }
  if (changed) draw();
}

// note takes one thing that happened into the newest fault that it can come from.
function note(a) {
  const after = (o) => duration(Math.max(0, Date.parse(a.time) - o.at));
  const line = (o, text) => {
    if (o.lines.length < lines) o.lines.push(text);
    return true;
  };
  let o;
  switch (a.kind) {
    case 'disconnected':
      o = outcomes.find((x) => x.waits.has(a.socket_id));
      if (!o) return false;
      o.waits.delete(a.socket_id);
      o.left++;
      return line(o, `${a.socket_id} ended after ${after(o)}: ${a.reason}`);
    case 'connected':
      o = outcomes.find((x) => x.fault.count && x.back < x.fault.count && (!a.recovered || x.fault.affected.includes(a.socket_id)));
      if (!o) return false;
      o.back++;
      if (a.recovered) o.recovered++;
      return line(o, a.recovered ? `${a.socket_id} is back after ${after(o)}, recovered` : `${a.socket_id} is a fresh connection after ${after(o)}`);
    case 'denied':
      o = outcomes.find((x) => x.fault.name === 'deny' && x.channel === a.channel);
      if (!o) return false;
      o.denied++;
      return line(o, `${a.socket_id} was refused after ${after(o)}`);
    case 'refused':
      o = outcomes.find((x) => x.fault.name === 'refuse_next' || x.fault.name === 'stop');
      if (!o) return false;
      o.denied++;
      return line(o, `an attempt to connect was refused after ${after(o)}`);
    case 'authorize_refused':
      o = outcomes.find((x) => x.fault.name === 'fail_auth');
      if (!o) return false;
      o.denied++;
      return line(o, `${a.socket_id} got no signature for ${a.channel} after ${after(o)}`);
    case 'published': case 'triggered':
      if (!a.lost) return false;
      o = outcomes.find((x) => x.fault.name === 'lose_next');
      if (!o) return false;
      o.lost++;
      return line(o, `${a.event} on ${a.channel} was lost after ${after(o)}`);
  }
  return false;
}

function draw() {
  $('outcomes-none').hidden = outcomes.length > 0;
  keyed($('outcomes'), outcomes, (o) => o.number, card);
}

function card(o) {
  const sum = h('p'), list = h('ul', { class: 'lines' });
  const element = h('li', {}, h('h4', { text: `${o.fault.name.replaceAll('_', ' ')}${o.channel ? ` ${o.channel}` : ''}` }),
    h('p', { class: 'hint', text: o.fault.detail }), sum, list);
  return {
    element,
    update(now) {
      setText(sum, summary(now));
      while (list.childElementCount < now.lines.length) list.append(h('li', { text: now.lines[list.childElementCount] }));
    },
  };
}

function summary(o) {
  const said = [];
  if (o.fault.count) said.push(`${o.left} of ${o.fault.count} ended, ${o.back} came back, ${o.recovered} of them recovered`);
  if (o.lost) said.push(`${o.lost} events lost`);
  if (o.denied) said.push(`${o.denied} refused`);
  return said.join('; ');
}
