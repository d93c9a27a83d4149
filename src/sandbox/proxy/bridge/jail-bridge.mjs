/**
 * Runs inside a jail, in front of its command: listens on the jail's own loopback and carries each
 * connection to the socket of the host's proxy, since programs know proxies by address and port only.
 * Plain JavaScript without imports of ours: it is mounted alone. Arguments: port, socket, `--`, command.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { constants } from 'node:os';

const [port, socketPath, , program, ...args] = process.argv.slice(2);

function fail(code, text) {
  writeSync(2, `${text}\n`);
  process.exit(code);
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: socketPath, allowHalfOpen: true });
  for (const [one, other] of [
    [client, proxy],
    [proxy, client],
  ]) {
    one.on('error', () => other.destroy()).on('close', () => other.destroySoon());
    one.pipe(other);
  }
});

server.on('error', (error) => fail(125, `Cannot reach the proxy: ${error.message}`));
server.listen(Number(port), '127.0.0.1', () => {
  const child = spawn(program, args, { stdio: 'inherit' });
  // the codes of a shell for a program that is not there, or is none
  child.on('error', (error) =>
    fail(error.code === 'ENOENT' ? 127 : 126, `Cannot run ${program}: ${error.code}`),
  );
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // ends in the same way; what Node itself ignores it says as a shell would
    process.kill(process.pid, signal);
    process.exit(128 + constants.signals[signal]);
  });
});
