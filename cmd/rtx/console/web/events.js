// The live events: a bounded memory of what happened, a bounded list of rows, a filter, a pause.

import { $, h, setText, clock, bytes } from './dom.js';
import { showDetail, hideDetail } from './detail.js';

const most = 2000; // entries that are remembered
const rows = 200;  // of them in the list
const drawEvery = 200; // milliseconds: more often nobody can read

const groups = {
  events: ['published', 'triggered'],
  connections: ['connected', 'disconnected', 'refused'],
  subscriptions: ['subscribed', 'unsubscribed', 'denied', 'authorized', 'authorize_refused'],
  members: ['member_added', 'member_removed'],
  faults: ['fault'],
};

let entries = []; // oldest first
let fresh = [];   // not in the list yet, oldest first
let paused = false, drawing = false, drawnAt = 0, forgotten = 0;
let text = '', group = 'all';

export function start() {
  $('filter').addEventListener('input', () => {
    text = $('filter').value.trim().toLowerCase();
    redraw();
  });
  $('kinds').addEventListener('change', () => {
    group = $('kinds').value;
    redraw();
  });
  $('pause').addEventListener('click', () => {
    paused = !paused;
    $('pause').setAttribute('aria-pressed', String(paused));
    setText($('pause'), paused ? 'Resume' : 'Pause');
    schedule();
  });
  $('clear').addEventListener('click', () => begin());
  $('list').addEventListener('click', (e) => {
    const row = e.target.closest('button');
    if (row) showDetail(Number(row.dataset.number));
  });
  $('list').addEventListener('keydown', (e) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const item = document.activeElement.closest('li');
    const next = e.key === 'ArrowDown' ? item?.nextElementSibling : item?.previousElementSibling;
    if (next) {
      e.preventDefault();
      next.firstElementChild.focus();
    }
  });
  $('list').addEventListener('scroll', () => { if (!held()) schedule(); });
}

export function setServer(url) {
  setText($('hint'), `Nothing yet. Try: rtx trigger orders created '{"id":1}' --dev --url ${url.replace(/^http/, 'ws')}`);
}

// begin forgets everything: another server, or the button.
export function begin() {
  entries = [];
  forgotten = 0;
  hideDetail();
  redraw();
}

export function missed(count) {
  forgotten += count;
  schedule();
}

export function add(list) {
  for (const a of list) {
    entries.push(a);
    fresh.push(a);
  }
  if (entries.length > most + 500) entries.splice(0, entries.length - most);
  if (fresh.length > most) fresh.splice(0, fresh.length - most);
  schedule();
}

// held reports whether the list must stay as it is, because somebody reads in it.
const held = () => paused || $('list').scrollTop > 40;

function schedule() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, drawnAt + drawEvery - performance.now()));
}

function draw() {
  drawing = false;
  drawnAt = performance.now();
  const waiting = held() ? fresh.length : 0;
  if (!waiting) take();
  const said = [];
  if (waiting) said.push(paused ? `paused, ${waiting} new` : `${waiting} new: scroll up to see them`);
  else if (paused) said.push('paused');
  if (forgotten) said.push(`${forgotten} were too many to show`);
  setText($('held'), said.join('; '));
  $('hint').hidden = entries.length > 0;
}

// take brings what is fresh into the list.
function take() {
  const list = $('list'), part = document.createDocumentFragment();
  let made = 0;
  for (let i = fresh.length - 1; i >= 0 && made < rows; i--) {
    if (!shown(fresh[i])) continue;
    part.append(row(fresh[i]));
    made++;
  }
  fresh = [];
  if (!made) return;
  list.prepend(part);
  while (list.childElementCount > rows) list.lastElementChild.remove();
}

function redraw() {
  $('list').replaceChildren();
  $('list').scrollTop = 0;
  fresh = entries.slice();
  const was = paused;
  paused = false; // a filter is applied to what is there, in a pause too
  draw();
  paused = was;
  if (was) schedule();
}

function shown(a) {
  if (group !== 'all' && !groups[group].includes(a.kind)) return false;
  return text === '' || searched(a).includes(text);
}

// searched is the text that the filter looks in, made once.
function searched(a) {
  return a.searched ??= [a.kind, a.channel, a.event, a.id, a.socket_id, a.user_id, a.reason, a.fault?.name, a.preview]
    .filter(Boolean).join('\n').toLowerCase();
}

// what is the short text of an entry that is no event.
export function what(a) {
  switch (a.kind) {
    case 'published': case 'triggered': return a.preview ?? '';
    case 'connected': return `${a.transport}${a.recovered ? ', recovered' : ''}`;
    case 'fault': return a.fault.detail;
    case 'member_added': case 'member_removed': return a.user_id;
    default: return [a.reason, a.code || ''].filter(Boolean).join(' ');
  }
}

function row(a) {
  const kind = a.kind.replace('_', ' ');
  const title = a.event ?? (a.fault ? a.fault.name.replace('_', ' ') : '');
  const lost = a.lost ? ' lost' : a.relayed === false ? ' not relayed' : '';
  return h('li', {}, h('button', { class: 'row', 'data-number': a.number },
    h('span', { class: 'time', text: clock(a.time) }),
    h('span', { class: `kind k-${a.kind}`, text: kind + lost }),
    h('span', { class: 'name' },
      h('span', { class: 'channel', text: a.channel ?? a.socket_id ?? '' }),
      h('span', { class: 'event', text: title })),
    h('span', { class: 'what', text: what(a) }),
    h('span', { class: 'size', text: a.size ? bytes(a.size) : '' }),
  ));
}
