/**
 * Measures what docs/design/speed.md promises: `npm run bench [-- name... --quick --events=N]`.
 * Every figure stands beside a limit or peer of the same run, taken in turns.
 */
import { parseArgs } from 'node:util';
import { append } from './append.ts';
import { bus } from './bus.ts';
import { claims } from './claims.ts';
import { describeMachine } from './machine.ts';
import { mission } from './mission.ts';
import { catchUp } from './network/catch-up.ts';
import { fanOut } from './network/fan-out.ts';
import { messages } from './network/messages.ts';
import { signals } from './network/signals.ts';
import { TABLE_HEAD, toLine, type Bench } from './report.ts';
import { registry } from './registry.ts';
import { replay } from './replay.ts';
import { rewind } from './rewind.ts';
import { fuel } from './sandbox/fuel.ts';
import { sandbox } from './sandbox/sandbox.ts';
import { startUp } from './start-up.ts';
import { subscribe } from './subscribe.ts';
import { swarm } from './swarm.ts';
import { verify } from './verify.ts';

/** Every bench by name, in the order they run. */
const BENCHES: Readonly<Record<string, Bench>> = {
  append,
  verify,
  subscribe,
  claims,
  rewind,
  replay,
  bus,
  signals,
  messages,
  'catch-up': catchUp,
  'fan-out': fanOut,
  registry,
  mission,
  swarm,
  fuel,
  sandbox,
  'start-up': startUp,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    events: { type: 'string', default: '1000000' },
  },
});

const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  process.stderr.write(`no bench named ${unknown.join(', ')}: ${Object.keys(BENCHES).join(' ')}\n`);
  process.exit(2);
}

const options = {
  scale: values.quick ? 0.2 : 1,
  events: values.quick ? 100_000 : Number(values.events),
};
process.stdout.write(`${new Date().toISOString().slice(0, 10)}: ${describeMachine()}\n\n`);
process.stdout.write(TABLE_HEAD);
for (const [name, { about, run }] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`${name}: ${about} ...\n`);
  for (const finding of await run(options)) process.stdout.write(toLine(finding));
}
