// Elements are made here, and only here: text is always text, never HTML.

export const $ = (id) => document.getElementById(id);

// h makes an element. props are attributes, but for text, its text, and on…, its listeners.
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (name === 'text') element.textContent = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

// setText writes a text only if it is another, so that nothing is drawn for nothing.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// keyed brings the children of a list up to date by key: what stays keeps its element, and the
// focus in it. make makes an element with its update function.
export function keyed(list, items, keyOf, make) {
  const known = list.known ??= new Map();
  const seen = new Set();
  let at = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    seen.add(key);
    let entry = known.get(key);
    if (!entry) known.set(key, entry = make(item));
    if (entry.element === at) at = at.nextElementSibling;
    else list.insertBefore(entry.element, at);
    entry.update(item);
  }
  for (const [key, entry] of known) {
    if (!seen.has(key)) {
      entry.element.remove();
      known.delete(key);
    }
  }
}

// say tells people, and screen readers, what was done.
let silence;
export function say(text, bad = false) {
  const said = $('said');
  said.textContent = text;
  said.className = bad ? 'bad' : '';
  clearTimeout(silence);
  silence = setTimeout(() => { said.textContent = ''; }, 6000);
}

const two = (n) => String(n).padStart(2, '0');

export function clock(time) {
  const d = new Date(time);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`;
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1000).toFixed(1)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60000)} min ${Math.round(ms / 1000) % 60} s`;
}
