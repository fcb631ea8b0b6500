// Presence: who is in a room, and the forms in which the service may tell it. A member is added by the first connection of
// a user and removed with the last one. In a cluster each node counts its own connections.

// The member that channel_data describes: {"user_id","user_info"}, or flat user data with a user_id.
export function parseMember(channelData, numericId) {
  let data;
  try {
    data = JSON.parse(channelData);
  } catch {
    return { error: 'channel_data is not JSON' };
  }
  const given = data?.user_id;
  if ((typeof given !== 'string' || given === '') && typeof given !== 'number') {
    return { error: 'channel_data has no user_id' };
  }
  const { user_id: _, ...rest } = data;
  const info = 'user_info' in data ? data.user_info : rest;
  const asNumber = numericId && /^\d{1,15}$/.test(String(given));
  return { key: String(given), member: { user_id: asNumber ? Number(given) : String(given), user_info: info ?? {} } };
}

export class Rooms {
  #rooms = new Map(); // channel → key → {member, connections}

  // True when the member was not there before.
  add(channel, key, member, connection) {
    const room = this.#rooms.get(channel) ?? new Map();
    this.#rooms.set(channel, room);
    const present = room.get(key);
    if (present) {
      present.connections.add(connection);
      return false;
    }
    room.set(key, { member, connections: new Set([connection]) });
    return true;
  }

  // The member, when this was its last connection.
  remove(channel, key, connection) {
    const room = this.#rooms.get(channel);
    const present = room?.get(key);
    if (!present?.connections.delete(connection) || present.connections.size > 0) return undefined;
    room.delete(key);
    if (room.size === 0) this.#rooms.delete(channel);
    return present.member;
  }

  members(channel) {
    return [...(this.#rooms.get(channel)?.values() ?? [])].map((present) => present.member);
  }
}

function flat(member) {
  const info = member.user_info;
  const fields = info !== null && typeof info === 'object' && !Array.isArray(info) ? info : { user_info: info };
  return { ...fields, user_id: member.user_id };
}

// The roster as a confirmation carries it.
export function rosterPayload(members, shape) {
  const hash = () => ({
    presence: {
      ids: members.map((m) => m.user_id),
      hash: Object.fromEntries(members.map((m) => [m.user_id, m.user_info])),
      count: members.length,
    },
  });
  switch (shape) {
    case 'pusher':
      return hash();
    case 'initial_state':
      return { initial_state: hash() };
    case 'flat':
      return { initial_state: {}, members: members.map(flat) };
    default:
      return { initial_state: {}, members };
  }
}

export function memberPayload(member, shape) {
  return shape === 'flat' ? flat(member) : member;
}

// One presence fact as the events that tell it, as [event, payload] pairs in the order of sending. kind is
// subscription_succeeded, member_added or member_removed.
export function presenceEvents(options, channel, kind, payload) {
  const prefixes = { internal: ['realtimex_internal'], presence: ['presence'], both: ['realtimex_internal', 'presence'] };
  const events = [];
  for (const prefix of prefixes[options.presenceNames]) {
    const name = `${prefix}:${kind}`;
    if (options.presenceDelivery !== 'wrapped') events.push([name, { channel, ...payload }]);
    if (options.presenceDelivery !== 'top') events.push(['server-event', { channel, event: name, data: payload }]);
  }
  return events;
}
