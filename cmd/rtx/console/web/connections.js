// Who is connected, and since when.

import { $, h, setText, keyed, bytes, duration } from './dom.js';
import { make } from './faults.js';

let state = null;

export function start() {
  setInterval(() => { if (state && !$('connections').hidden) draw(); }, 1000);
}

export function show(next) {
  state = next;
  draw();
}

function draw() {
  $('connections-none').hidden = state.connections.length > 0;
  const more = state.connection_count - state.connections.length;
  setText($('connections').querySelector('h2'), more > 0 ? `Connections, the first ${state.connections.length} of ${state.connection_count}` : 'Connections');
  keyed($('connection-list'), state.connections, (c) => c.socket_id, card);
}

function card(c) {
  const id = c.socket_id;
  const value = () => h('dd');
  const cells = { transport: value(), recovered: value(), since: value(), received: value(), sent: value(), channels: value() };
  const facts = h('dl', { class: 'facts' });
  for (const [name, cell] of Object.entries(cells)) facts.append(h('div', {}, h('dt', { text: name }), cell));
  const act = (fault, text) => h('button', { text, 'aria-label': `${text} ${id}`, onclick: () => make(fault, { socket_id: id }) });
  const element = h('li', {}, h('h3', { class: 'id', text: id }), facts,
    h('div', { class: 'buttons' }, act('drop', 'Drop'), act('close', 'Close'), act('half_open', 'Half-open')));
  return {
    element,
    update(now) {
      setText(cells.transport, now.transport);
      setText(cells.recovered, now.recovered ? 'yes' : 'no');
      setText(cells.since, `${duration(Math.max(0, Date.now() - Date.parse(now.since)))} ago`);
      setText(cells.received, bytes(now.received_bytes));
      setText(cells.sent, bytes(now.sent_bytes));
      setText(cells.channels, now.channel_count ? now.channels.slice(0, 20).join(', ') + (now.channel_count > 20 ? ', …' : '') : 'none');
    },
  };
}
