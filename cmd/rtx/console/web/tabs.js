// The panels as tabs. On a wide page the events stay, and the tabs are those of the others.

import { $ } from './dom.js';

const names = ['events', 'connections', 'channels', 'send', 'signature', 'faults'];
const wide = matchMedia('(min-width: 1100px)');
let current = 'events';

export function startTabs() {
  for (const name of names) {
    $(`tab-${name}`).addEventListener('click', () => open(name));
  }
  $('tabs').addEventListener('keydown', (e) => {
    const shown = names.filter((n) => !$(`tab-${n}`).hidden);
    const at = shown.indexOf(current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    open(shown[(to + shown.length) % shown.length]);
    $(`tab-${current}`).focus();
  });
  wide.addEventListener('change', draw);
  draw();
}

// open shows a panel.
export function open(name) {
  current = name;
  draw();
}

function draw() {
  if (wide.matches && current === 'events') current = 'connections';
  $('tab-events').hidden = wide.matches;
  const events = $('events');
  events.setAttribute('role', wide.matches ? 'region' : 'tabpanel');
  if (wide.matches) {
    events.removeAttribute('aria-labelledby');
    events.setAttribute('aria-label', 'Live events');
  } else {
    events.removeAttribute('aria-label');
    events.setAttribute('aria-labelledby', 'tab-events');
  }
  for (const name of names) {
    const tab = $(`tab-${name}`), chosen = name === current;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(name).hidden = !(chosen || (name === 'events' && wide.matches));
  }
}
