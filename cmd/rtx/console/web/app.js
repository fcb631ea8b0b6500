// The page: its panels, and the stream that feeds them.

import { takeToken, setToken } from './api.js';
import { $, setText } from './dom.js';
import { listen } from './stream.js';
import { startTabs } from './tabs.js';
import * as events from './events.js';
import * as connections from './connections.js';
import * as channels from './channels.js';
import * as send from './send.js';
import * as signature from './signature.js';
import * as faults from './faults.js';

let known = takeToken();
let total = 0, lastTotal = 0, rated = performance.now();
let past = true; // the next list is of what was before, and has no rate

function link(text, state) {
  setText($('link'), text);
  document.body.dataset.link = state;
}

function login(on) {
  $('login').hidden = !on;
  $('panels').hidden = on;
  if (on) $('login-token').focus();
}

const handlers = {
  open() { link('live', 'live'); },
  closed() { link('not connected', 'closed'); },
  refused() {
    link('token refused', 'closed');
    login(true);
  },
  hello(hello) {
    past = true;
    if (!hello.resumed) {
      events.begin();
      faults.begin();
    }
    events.setServer(hello.server);
  },
  activity(list) {
    const before = total;
    for (const a of list) if (a.kind === 'published' || a.kind === 'triggered') total++;
    if (past) {
      lastTotal += total - before;
      setText($('count-events'), String(total));
    }
    past = false;
    events.add(list);
    faults.add(list);
  },
  missed({ count }) { events.missed(count); },
  state(state) {
    past = false;
    setText($('count-connections'), String(state.connection_count));
    setText($('count-channels'), String(state.channel_count));
    connections.show(state);
    channels.show(state);
    send.show(state);
    faults.show(state);
  },
};

setInterval(() => {
  const now = performance.now();
  setText($('count-events'), String(total));
  setText($('count-rate'), String(Math.round((total - lastTotal) / (now - rated) * 1000)));
  lastTotal = total;
  rated = now;
}, 1000);

startTabs();
events.start();
connections.start();
send.start();
signature.start();
faults.start();

$('login').addEventListener('submit', (e) => {
  e.preventDefault();
  setToken($('login-token').value.trim());
  $('login-token').value = '';
  login(false);
  listen(handlers);
});
addEventListener('hashchange', () => { if (takeToken()) location.reload(); });

login(!known);
if (known) listen(handlers);
else link('no token', 'closed');
