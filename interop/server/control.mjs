// The control face: what a test tells the server to do, as JSON over the server's own HTTP port. It is open to whoever reaches
// the port, which is bound to the loopback address.
import { sign } from './signature.mjs';

const maxBody = 64 << 20;

class BadRequest extends Error {}

async function readJSON(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBody) throw new BadRequest('body too large');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks));
  } catch {
    throw new BadRequest('body is not JSON');
  }
}

// data with each string "$n" replaced by the number of the event.
function numbered(data, n) {
  if (data === '$n') return n;
  if (Array.isArray(data)) return data.map((v) => numbered(v, n));
  if (data !== null && typeof data === 'object') {
    return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, numbered(v, n)]));
  }
  return data;
}

// args with each {"$binary":"base64"} replaced by its bytes.
function withBinary(value) {
  if (Array.isArray(value)) return value.map(withBinary);
  if (value !== null && typeof value === 'object') {
    if (typeof value.$binary === 'string') return Buffer.from(value.$binary, 'base64');
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withBinary(v)]));
  }
  return value;
}

function disconnect(socket, how) {
  const { conn } = socket;
  const { transport } = conn;
  const tcp = transport.socket?._socket ?? transport.req?.socket;
  switch (how) {
    case '41': // the Socket.IO packet; the link stays for the client to close
      return socket.disconnect();
    case '41-close':
      return socket.disconnect(true);
    case 'engine': // an Engine.IO close: a close frame over websocket
      return conn.close();
    case 'tcp': // the link ends in mid-air
      return tcp ? tcp.destroy() : conn.close(true);
    case 'rst':
      return tcp ? tcp.resetAndDestroy() : conn.close(true);
    default:
      throw new BadRequest('how: want 41, 41-close, engine, tcp or rst');
  }
}

export function controlFace(io, service, journal, options) {
  const routes = {
    // With ?after=VERSION the answer waits until something has changed since the answer of that version.
    'GET /control/stats': async (_, query) => {
      if (query.has('after')) await journal.after(Number(query.get('after')));
      return journal.snapshot(io.engine);
    },

    'POST /control/publish': ({ channel, event, data = null, count = 1, start = 0, except }) => {
      for (let n = start; n < start + count; n++) {
        service.publish(channel, event, numbered(data, n), except);
      }
      return { published: count };
    },

    'POST /control/burst': ({ channel, event, count, start = 0, pad = 0 }) => {
      const padding = pad > 0 ? { pad: 'x'.repeat(pad) } : {};
      for (let n = start; n < start + count; n++) service.publish(channel, event, { n, ...padding });
      return { published: count };
    },

    'POST /control/emit': ({ socket_id: id, event, args = [] }) => {
      const sockets = service.sockets(id);
      for (const socket of sockets) socket.emit(event, ...withBinary(args));
      return { sockets: sockets.length };
    },

    // A Socket.IO packet as it is, past the encoder, which recurses over what it encodes.
    'POST /control/write': ({ socket_id: id, packet }) => {
      const sockets = service.sockets(id);
      for (const socket of sockets) socket.conn.write(packet);
      return { sockets: sockets.length };
    },

    'POST /control/disconnect': ({ socket_id: id, how = 'tcp' }) => {
      const sockets = service.sockets(id);
      for (const socket of sockets) disconnect(socket, how);
      return { sockets: sockets.length };
    },

    'POST /control/deny': ({ channel, error = 'Access denied', code = 4003, allow = false }) => {
      if (allow) service.allow(channel);
      else service.deny(channel, error, code);
      return {};
    },

    'POST /control/hold': ({ confirmations }) => ({ released: service.hold(confirmations === true) }),

    'POST /control/drop-rooms': ({ socket_id: id }) => {
      if (options.recovery !== 'on') throw new BadRequest('drop-rooms: want --recovery on');
      return { sockets: service.dropRooms(id) };
    },

    // A backend that signs whatever it is asked, for clients that authorise by endpoint. The member of a presence request is
    // its user data, or the one that ?user_id=&name= tells, or one made from the socket id.
    'POST /dev/auth': ({ socket_id: id, channel_name: channel, user_data: user }, query) => {
      if (typeof id !== 'string' || typeof channel !== 'string') throw new BadRequest('socket_id and channel_name are required');
      const { key, secret } = options;
      if (!channel.startsWith('presence-')) return { auth: sign(key, secret, id, channel) };
      const userId = query.get('user_id') ?? id;
      const name = query.get('name') ?? `user ${userId.slice(0, 4)}`;
      const data = JSON.stringify(user ?? { user_id: userId, user_info: { name } });
      return { auth: sign(key, secret, id, channel, data), channel_data: data };
    },
  };

  return async function handle(request, response) {
    const answer = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const route = routes[`${request.method} ${pathname}`];
    if (!route) return answer(404, { error: 'no such control' });
    try {
      answer(200, await route(await readJSON(request), searchParams));
    } catch (error) {
      answer(error instanceof BadRequest ? 400 : 500, { error: error.message });
    }
  };
}
