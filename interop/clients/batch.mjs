// A client on the batching add-on for pusher-js alone.
//
//   node batch.mjs --auth-endpoint URL [--delay MILLISECONDS]
//
// Lines: granted (channel, auth, channel_data), refused (channel, status or message).
// Commands: authorize (socket_id, channels: all at once).
import { parseArgs } from 'node:util';
import { authorizer } from './addon.mjs';
import { listen, say } from './lines.mjs';

const { values } = parseArgs({
  options: { 'auth-endpoint': { type: 'string' }, delay: { type: 'string', default: '0' } },
});
const authorize = authorizer(values['auth-endpoint'], Number(values.delay));

listen({
  authorize({ socket_id: socketID, channels }) {
    for (const channel of channels) {
      authorize(socketID, channel).then(
        (granted) => say('granted', { channel, ...granted }),
        (error) => say('refused', { channel, status: error.status, message: error.message }),
      );
    }
  },
});
