// A test of a program in JavaScript, here the official client of Socket.IO.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { io } from 'socket.io-client';

const { RTX_API, RTX_TOKEN, RTX_URL, RTX_KEY } = process.env;
const api = async (path, body) => {
  const headers = { Authorization: `Bearer ${RTX_TOKEN}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${RTX_API}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};

test('orders arrive, and arrive again after an outage', async (t) => {
  await api('reset', { connections: true });
  const socket = io(RTX_URL, { query: { api_key: RTX_KEY }, reconnectionDelay: 100 });
  t.after(() => socket.close());
  const orders = [];
  socket.on('connect', () => socket.emit('realtimex:subscribe', { channel: 'orders' }));
  socket.on('server-event', (e) => orders.push(e.data.id));
  for (const [id, fault] of [[1, 'drop'], [2, 'clear']]) {
    await api('wait', { condition: 'subscribed', channel: 'orders' });
    await api('publish', { channel: 'orders', event: 'created', data: { id } });
    socket.emit('seen', id); // what the server has received, it has sent the event before
    await api('wait', { condition: 'received', kind: 'other', event: 'seen', n: id });
    await api('faults', { fault });
  }
  while (orders.length < 2) await new Promise((done) => socket.once('server-event', done));
  assert.deepEqual(orders, [1, 2]);
});
