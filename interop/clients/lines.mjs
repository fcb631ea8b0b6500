// The dialogue of a script with its test: one JSON object per line, what happened on standard output, commands on standard
// input. The end of standard input ends the script.
import { createInterface } from 'node:readline';

export function say(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...withoutBytes(fields) })}\n`);
}

// commands maps the name in a line's "do" to what is done with the rest of it. A command that throws is told as "failed".
export function listen(commands, leave = () => {}) {
  const input = createInterface({ input: process.stdin });
  input.on('line', async (line) => {
    const { do: name, ...fields } = JSON.parse(line);
    try {
      if (!commands[name]) throw new Error('no such command');
      await commands[name](fields);
    } catch (error) {
      say('failed', { command: name, message: error.message });
    }
  });
  input.on('close', () => {
    leave();
    setTimeout(() => process.exit(0), 2000).unref(); // or earlier, once what is under way, such as a POST that says goodbye, has ended
  });
}

// JSON has no bytes: {"$binary":"base64"} stands for them in both directions.
export function withoutBytes(value) {
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutBytes(v)]));
  }
  return value;
}

export function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes);
  if (value !== null && typeof value === 'object') {
    if (typeof value.$binary === 'string') return Buffer.from(value.$binary, 'base64');
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withBytes(v)]));
  }
  return value;
}
