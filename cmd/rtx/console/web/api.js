// The API of the console, and the token that it asks for. The token comes in the fragment of the
// URL, is taken out of the address bar, and is kept for this tab only.

const kept = 'rtx-console-token';
let token = '';

export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(kept, given);
    history.replaceState(null, '', location.pathname);
  }
  token = sessionStorage.getItem(kept) ?? '';
  return token !== '';
}

export function setToken(text) {
  sessionStorage.setItem(kept, text);
  token = text;
}

export function headers(more = {}) {
  return { Authorization: `Bearer ${token}`, ...more };
}

// exact keeps numbers that JavaScript would round as their text.
export class Exact {
  constructor(text) { this.text = text; }
}

function revive(_key, value, context) {
  return typeof value === 'number' && context?.source && String(value) !== context.source && !/^-?\d+\.\d+$/.test(context.source)
    ? new Exact(context.source) : value;
}

// call asks the API; it throws an Error with the API's message.
export async function call(method, path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method, headers: headers(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store',
  });
  return read(answer);
}

// callRaw is call with a body that is JSON text already, so that its numbers stay as they are.
export async function callRaw(method, path, text) {
  return read(await fetch(`/api/v1/${path}`, { method, headers: headers({ 'Content-Type': 'application/json' }), body: text, cache: 'no-store' }));
}

async function read(answer) {
  const text = await answer.text();
  let value;
  try { value = JSON.parse(text, revive); } catch { throw new Error(`the server answered ${answer.status} and no JSON`); }
  if (!answer.ok) throw new Error(value.error?.message ?? `the server answered ${answer.status}`);
  return value;
}
