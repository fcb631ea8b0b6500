// The batching add-on for pusher-js, as npm delivers it. authorizer(url, delay) gives a function that asks for one channel, and
// resolves to what the backend grants; those asked within the delay, in milliseconds, share a request.
import { createRequire } from 'node:module';

const batched = createRequire(import.meta.url)('pusher-js-auth');

export function authorizer(authEndpoint, authDelay) {
  return (socketID, name) =>
    new Promise((resolve, reject) => {
      const channel = batched({ name }, { authEndpoint, authDelay, auth: { headers: { 'X-Add-On': 'pusher-js-auth' } } });
      channel.authorize(socketID, (failed, answer) => {
        if (!failed) resolve(answer);
        else if (typeof answer === 'number') reject(Object.assign(new Error(`status ${answer}`), { status: answer }));
        else reject(new Error('the whole request was refused')); // the add-on says no more
      });
    });
}
