// The details of one entry: the facts, the payload as a tree, the frame as it was sent.

import { call } from './api.js';
import { $, h, bytes, clock, say } from './dom.js';
import { tree } from './tree.js';

let wanted = 0;

export async function showDetail(number) {
  wanted = number;
  let a;
  try { a = await call('GET', `activity/${number}`); } catch (error) {
    say(error.message, true);
    return;
  }
  if (wanted !== number) return;
  const detail = $('detail');
  detail.replaceChildren(
    h('div', { class: 'bar' },
      h('h3', { text: a.event ?? a.kind.replace('_', ' ') }),
      h('button', { text: 'Close details', onclick: hideDetail })),
    facts(a));
  if (a.data !== undefined) detail.append(h('h4', { text: 'Payload' }), tree(a.data));
  else if (a.truncated) detail.append(h('p', { class: 'hint', text: 'The payload is too large to be kept whole; the frame begins with it.' }));
  if (a.frame) {
    detail.append(
      h('div', { class: 'bar' }, h('h4', { text: 'Raw frame' }),
        h('button', { text: 'Copy', onclick: () => copy(a.frame) })),
      h('pre', { class: 'frame', tabindex: '0', role: 'group', 'aria-label': 'Raw frame', text: a.frame }));
  }
  detail.hidden = false;
  detail.scrollTop = 0;
}

export function hideDetail() {
  wanted = 0;
  $('detail').hidden = true;
  $('detail').replaceChildren();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say('The frame is in the clipboard.');
  } catch { say('The browser does not let the page copy.', true); }
}

function facts(a) {
  const list = h('dl', { class: 'facts' });
  const fact = (name, value) => { if (value) list.append(h('div', {}, h('dt', { text: name }), h('dd', { text: String(value) }))); };
  fact('what', a.kind.replace('_', ' '));
  fact('time', clock(a.time));
  fact('channel', a.channel);
  fact('id', a.id);
  fact(a.kind === 'published' ? '' : 'from', a.socket_id || (a.kind === 'triggered' ? 'a member without a connection' : ''));
  if (a.kind === 'published') fact('from', 'the service');
  fact('user', a.user_id);
  if (a.recipients !== undefined) fact('sent to', `${a.recipients} connection${a.recipients === 1 ? '' : 's'}`);
  if (a.lost) fact('lost', 'by the fault "lose the next"');
  if (a.relayed === false) fact('relayed', 'no: the sender is not subscribed, or the name or the channel is not for client events');
  fact('transport', a.transport);
  if (a.recovered) fact('recovered', 'yes');
  fact('reason', a.reason);
  fact('code', a.code);
  if (a.fault) {
    fact('fault', a.fault.detail);
    fact('concerns', `${a.fault.count} connections`);
  }
  if (a.size) fact('size', `${bytes(a.size)}${a.frame ? ' as a frame' : ''}`);
  return list;
}
