// The server-sent events of the console, read by fetch, because an EventSource can't send the token
// in a header.

import { headers } from './api.js';

const silence = 15000; // without a byte for so long the stream is dead

// listen reads the stream until the page is closed, and comes back when it breaks. on has a function
// for each event, and for the states "open", "closed" and "refused".
export async function listen(on) {
  let last = '';
  for (let attempt = 0; ; attempt++) {
    const aborted = new AbortController();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => aborted.abort(), silence);
    };
    try {
      alive();
      const answer = await fetch('/api/v1/stream', {
        headers: headers(last ? { 'Last-Event-ID': last } : {}), cache: 'no-store', signal: aborted.signal,
      });
      if (answer.status === 401) {
        clearTimeout(timer);
        on.refused();
        return;
      }
      if (answer.ok) {
        on.open();
        attempt = 0;
        for await (const event of events(answer.body, alive)) {
          if (event.id) last = event.id;
          on[event.name]?.(JSON.parse(event.data));
        }
      }
    } catch { /* it broke: the server ended, or the machine slept */ }
    clearTimeout(timer);
    on.closed();
    await new Promise((done) => setTimeout(done, Math.min(250 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2)));
  }
}

// events splits a body into its events.
async function* events(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const event = { name: 'message', data: '', id: '' };
      for (const line of part.split('\n')) {
        if (line.startsWith('event: ')) event.name = line.slice(7);
        else if (line.startsWith('data: ')) event.data = line.slice(6);
        else if (line.startsWith('id: ')) event.id = line.slice(4);
      }
      if (event.data) yield event;
    }
  }
}
