// A namespace that echoes, for what the RealtimeX service has no use for: acknowledgements and binary in both directions.
export function echoNamespace(io) {
  io.of('/custom').on('connection', (socket) => {
    socket.emit('auth', socket.handshake.auth);
    socket.on('message', (...args) => socket.emit('message-back', ...args));
    socket.on('message-with-ack', (...args) => args.pop()(...args));
  });
}
