// Channel signatures, with Node's own crypto: an implementation that owes nothing to the Go one.
import { createHmac, timingSafeEqual } from 'node:crypto';

export function sign(key, secret, socketId, channel, channelData) {
  const parts = channelData === undefined ? [socketId, channel] : [socketId, channel, channelData];
  return `${key}:${createHmac('sha256', secret).update(parts.join(':')).digest('hex')}`;
}

export function verify(key, secret, auth, socketId, channel, channelData) {
  if (typeof auth !== 'string') return false;
  const want = Buffer.from(sign(key, secret, socketId, channel, channelData));
  const got = Buffer.from(auth);
  return got.length === want.length && timingSafeEqual(got, want);
}
