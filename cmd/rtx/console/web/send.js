// Publishing as the service, triggering as a member, and members without a connection.

import { callRaw } from './api.js';
import { $, h, keyed } from './dom.js';
import { open } from './tabs.js';

let channels = [];

export function start() {
  form('publish', 'publish', (f) => ({ channel: f.channel, event: f.event }), 'data',
    (answer) => `Sent to ${count(answer.recipients)}${answer.id ? `, id ${answer.id}` : ''}.`);
  form('trigger', 'trigger', (f) => ({ channel: f.channel, event: f.event, ...(f.from ? { socket_id: f.from } : {}) }), 'data',
    (answer) => `Sent to ${count(answer.recipients)}.`);
  form('member', 'members', (f) => ({ channel: f.channel, user_id: f.id }), 'info',
    (answer) => `${answer.count} present.`, 'user_info');
  $('trigger-channel').addEventListener('input', holders);
  show({ channels: [], connections: [] });
}

const count = (n) => `${n} connection${n === 1 ? '' : 's'}`;

// form sends a form, with the field that is JSON as it was written, so that no number is rounded.
function form(name, path, fields, raw, done, rawName = raw) {
  const element = $(name), out = element.querySelector('output');
  element.addEventListener('submit', async (e) => {
    e.preventDefault();
    const values = {};
    for (const field of element.querySelectorAll('input, select, textarea')) values[field.id.slice(name.length + 1)] = field.value;
    out.className = '';
    try {
      const text = values[raw].trim() || 'null';
      try { JSON.parse(text); } catch (error) { throw new Error(`That is not JSON: ${error.message}`); }
      const rest = JSON.stringify(fields(values));
      out.textContent = done(await callRaw('POST', path, `${rest.slice(0, -1)},${JSON.stringify(rawName)}:${text}}`));
    } catch (error) {
      out.className = 'bad';
      out.textContent = error.message;
    }
  });
}

// compose opens the form with a channel filled in.
export function compose(channel) {
  $('publish-channel').value = channel;
  open('send');
  $('publish-event').focus();
}

export function show(state) {
  channels = state.channels;
  const option = (name) => ({ element: h('option', { value: name }), update() {} });
  keyed($('channel-names'), channels.map((c) => c.name), (n) => n, option);
  keyed($('socket-ids'), state.connections.map((c) => c.socket_id), (n) => n, option);
  choices($('fault-target'), 'all connections', state.connections.map((c) => c.socket_id));
  holders();
}

function holders() {
  const channel = channels.find((c) => c.name === $('trigger-channel').value);
  choices($('trigger-from'), 'a member without a connection', channel?.subscribers ?? []);
}

// choices keeps what is chosen, if it is still there.
function choices(select, none, ids) {
  keyed(select, ['', ...ids], (id) => id, (id) => ({ element: h('option', { value: id, text: id || none }), update() {} }));
}
