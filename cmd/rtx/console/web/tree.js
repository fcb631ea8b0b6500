// A payload as a tree. A branch is made when it is opened, and of a long one so many at a time.

import { h } from './dom.js';
import { Exact } from './api.js';

const some = 100;

export function tree(value) {
  const root = h('div', { class: 'tree' });
  root.append(node('', value, true));
  return root;
}

function node(name, value, open) {
  const label = name === '' ? [] : [h('span', { class: 'key', text: name }), ': '];
  if (value instanceof Exact) return h('div', { class: 'leaf' }, ...label, h('span', { class: 'number', text: value.text }));
  if (value === null || typeof value !== 'object') {
    const kind = value === null ? 'null' : typeof value;
    return h('div', { class: 'leaf' }, ...label, h('span', { class: kind, text: JSON.stringify(value) }));
  }
  const list = Array.isArray(value);
  const keys = Object.keys(value);
  const size = list ? `[${keys.length}]` : `{${keys.length}}`;
  const branch = h('details', {}, h('summary', {}, ...label, h('span', { class: 'shape', text: size })));
  const fill = () => {
    if (branch.childElementCount === 1) more(branch, value, keys, 0);
  };
  branch.addEventListener('toggle', () => { if (branch.open) fill(); });
  if (open) {
    fill();
    branch.open = true;
  }
  return branch;
}

function more(branch, value, keys, from) {
  for (const key of keys.slice(from, from + some)) branch.append(node(key, value[key], false));
  const rest = keys.length - from - some;
  if (rest <= 0) return;
  const button = h('button', {
    text: `${rest} more`, onclick: () => {
      button.remove();
      more(branch, value, keys, from + some);
    },
  });
  branch.append(button);
}
