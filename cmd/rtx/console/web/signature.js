// Whether a signature is right, and of which text it must be.

import { call } from './api.js';
import { $, h } from './dom.js';

export function start() {
  $('check').addEventListener('submit', async (e) => {
    e.preventDefault();
    const asked = {
      socket_id: $('check-socket').value.trim(), channel: $('check-channel').value.trim(), auth: $('check-auth').value.trim(),
    };
    if ($('check-data').value) asked.channel_data = $('check-data').value;
    try { verdict(asked, await call('POST', 'signatures/check', asked)); } catch (error) {
      $('verdict').replaceChildren(h('p', { class: 'bad', text: error.message }));
    }
  });
}

function verdict(asked, answer) {
  const presence = asked.channel.startsWith('presence-');
  const parts = [h('span', { class: 'part', text: asked.socket_id }), ':', h('span', { class: 'part', text: asked.channel })];
  if (presence) parts.push(':', h('span', { class: 'part', text: asked.channel_data ?? '' }));
  $('verdict').replaceChildren(
    h('p', { class: answer.valid ? 'good' : 'bad', text: answer.valid ? 'Right: the server takes it.' : `Wrong: ${answer.reason}.` }),
    h('h3', { text: 'The text that is signed' }),
    h('pre', { class: 'signed', tabindex: '0', role: 'group', 'aria-label': 'The text that is signed' }, ...parts),
    h('p', { class: 'hint', text: `${presence ? 'socket_id : channel : channel_data' : 'socket_id : channel'}, byte for byte. auth is KEY:hex(HMAC-SHA256(secret, text)).` }),
    h('ul', {},
      h('li', { text: answer.key_matches ? 'The API key is the server’s.' : 'The API key is another than the server’s.' }),
      h('li', { text: answer.connected ? 'A connection has that socket id.' : 'No connection has that socket id now: it changes with each connection.' })));
}
