/** The node's process: serves one home until it is idle, told to stop, or killed. */
import { makeRedactor, secretsOf } from '#lib/redact.ts';
import { toErrorBody, toSkeinError } from '#protocol/errors.ts';
import { homeFailure } from './home/home.ts';
import { homePaths } from './home/home-paths.ts';
import { startNode } from './node.ts';

/** How long a node without work waits before it goes. */
const IDLE_MS = 10 * 60_000;

const home = process.argv[2] ?? '';
const idleMs = Number(process.env['SKEIN_IDLE_MS'] ?? IDLE_MS);

// The log may lie on a disk that is full: that is no reason to stop serving.
process.stderr.on('error', () => undefined);

/** Exit statuses that the command which started us knows: another node serves, the disk does not. */
const [LOST_RACE, DISK_FAILED] = [75, 74];

try {
  const node = await startNode({ paths: homePaths(home, process.env), idleMs, env: process.env });
  process.on('SIGTERM', () => void node.close());
  process.on('SIGINT', () => void node.close());
  await node.closed;
  process.exit(0);
} catch (thrown) {
  const error = toSkeinError(homeFailure({ home }, thrown));
  // Of several commands that start a node at once one wins; the others' clients find it.
  const lost = error.name === 'home-owned';
  // The last line of the log is the error as data: the command that started us shows it.
  const story = `${error.stack}\n${JSON.stringify(toErrorBody(error))}\n`;
  if (!lost) process.stderr.write(makeRedactor(secretsOf(process.env))(story).text);
  process.exit(lost ? LOST_RACE : error.name === 'storage-failed' ? DISK_FAILED : 1);
}
