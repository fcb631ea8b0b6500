// The channels, who holds them, and who is present.

import { call } from './api.js';
import { $, h, setText, keyed, say } from './dom.js';
import { compose } from './send.js';

export function show(state) {
  $('channels-none').hidden = state.channels.length > 0;
  const more = state.channel_count - state.channels.length;
  setText($('channels').querySelector('h2'), more > 0 ? `Channels, the first ${state.channels.length} of ${state.channel_count}` : 'Channels');
  keyed($('channel-list'), state.channels, (c) => c.name, card);
}

function card(c) {
  const holders = h('p'), ids = h('p', { class: 'id' }), roster = h('ul', { class: 'roster' });
  const title = h('h4', { text: 'Members' });
  const element = h('li', {}, h('h3', { class: 'id', text: c.name }), holders, ids, title, roster,
    h('div', { class: 'buttons' }, h('button', { text: 'Publish here', 'aria-label': `Publish here, on ${c.name}`, onclick: () => compose(c.name) })));
  const presence = c.name.startsWith('presence-');
  title.hidden = roster.hidden = !presence;
  return {
    element,
    update(now) {
      const waiting = now.subscriber_count - now.confirmed_count;
      setText(holders, `${now.subscriber_count} holder${now.subscriber_count === 1 ? '' : 's'}${waiting > 0 ? `, ${waiting} not confirmed` : ''}`);
      setText(ids, now.subscribers.slice(0, 20).join(' ') + (now.subscriber_count > 20 ? ' …' : ''));
      if (!presence) return;
      setText(title, now.member_count > now.members.length ? `Members, the first ${now.members.length} of ${now.member_count}` : `${now.member_count} member${now.member_count === 1 ? '' : 's'}`);
      keyed(roster, now.members, (m) => m.user_id, (m) => present(now.name, m));
    },
  };
}

function present(channel, m) {
  const info = h('span', { class: 'what' });
  const remove = h('button', {
    text: 'Remove', 'aria-label': `Remove ${m.user_id} from ${channel}`,
    onclick: () => call('DELETE', `members?${new URLSearchParams({ channel, user_id: m.user_id })}`)
      .then(() => say(`${m.user_id} left ${channel}.`), (error) => say(error.message, true)),
  });
  return {
    element: h('li', {}, h('strong', { text: m.user_id }), ' ', info, ' ', remove),
    update(now) {
      const by = now.joined && !now.socket_ids.length ? 'without a connection' : `by ${now.socket_ids.length} connection${now.socket_ids.length === 1 ? '' : 's'}`;
      setText(info, `${JSON.stringify(now.user_info)} ${by}`);
      remove.hidden = !now.joined;
    },
  };
}
