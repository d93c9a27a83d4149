/**
 * What a swarm costs above its work: missions with 1, 2 and 8 jobs beside one plain script that
 * plans by the same code, syncs the same files and makes the same git tree; how much record that
 * leaves; a mission as large as one may be; and what agents cost that do nothing.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MAX_EVENT_BYTES } from '#protocol/event.ts';
import type { IdleCost } from '../test/swarm/idle-agents.ts';
import { atMost, duration, scaled, type Bench, type BenchOptions, type Finding } from './report.ts';
import { takeTurns } from './rounds.ts';
import { assertSound } from './support/bench-space.ts';
import { openRewritePlace, type RewriteRecord } from './support/rewrite-place.ts';

const IDLE_AGENTS = fileURLToPath(new URL('../test/swarm/idle-agents.ts', import.meta.url));

const FILES = 2_000;
const SMALL = 60;
const USUAL = 200;

/** As many files as a plan may change. */
const LARGEST = 2_000;
const LARGEST_FILES = 2_400;
const ROUNDS = 3;

/** The bench. */
export const swarm: Bench = {
  about: 'missions by 1, 2 and 8 jobs beside one plain script',
  run: async (options) => [
    ...(await small(options)),
    ...(await usual(options)),
    ...(await largest(options)),
    idleAgents(),
  ],
};

async function small(options: BenchOptions): Promise<Finding[]> {
  const place = openRewritePlace({ files: FILES, uses: SMALL });
  try {
    const figures = await takeTurns(scaled(options, ROUNDS), {
      script: () => place.script('types'),
      two: () => place.mission(2),
    });
    await place.close();
    return [beside(`${SMALL} of ${FILES} files edited, 2 jobs`, figures.two, figures.script)];
  } finally {
    place.dispose();
  }
}

async function usual(options: BenchOptions): Promise<Finding[]> {
  const place = openRewritePlace({ files: FILES, uses: USUAL });
  const name = `${USUAL} of ${FILES} files edited`;
  try {
    const { script, bare, one, two, eight } = await takeTurns(scaled(options, ROUNDS), {
      script: () => place.script('types'),
      bare: () => place.script(),
      one: () => place.mission(1),
      two: () => place.mission(2),
      eight: () => place.mission(8),
    });
    const record = await place.close();
    return [
      beside(`${name}, 1 job`, one, script),
      beside(`${name}, 2 jobs`, two, script),
      beside(`${name}, 8 jobs`, eight, script),
      {
        work: `swarm, ${name}, 2 jobs`,
        figure: duration(two),
        peer: `the script without its type check: ${duration(bare)}`,
        ratio: two / bare,
      },
      recordOf(name, record, USUAL),
    ];
  } finally {
    place.dispose();
  }
}

const beside = (name: string, figure: number, script: number): Finding => ({
  work: `swarm, ${name}`,
  figure: duration(figure),
  peer: `one script, same plan, type check and git tree: ${duration(script)}`,
  ratio: figure / script,
});

function recordOf(name: string, record: RewriteRecord, edits: number): Finding {
  const { missions, events, bodyBytes, ledgerBytes, blobBytes } = record;
  const each = ledgerBytes / missions;
  const kB = (bytes: number): string => `${(bytes / 1_000).toFixed(0)} kB`;
  const perEdit = ((each + blobBytes) / edits / 1_000).toFixed(1);
  return {
    work: `record of a mission, ${name}`,
    figure: `${(events / missions).toFixed(0)} events, ${kB(each)} and ${kB(blobBytes)} of contents; a file edited: ${(events / missions / edits).toFixed(1)} events, ${perEdit} kB`,
    peer: `the events as JSON alone: ${kB(bodyBytes / missions)}`,
    ratio: each / (bodyBytes / missions),
  };
}

/** Once, and cold: the first mission of its node. */
async function largest(options: BenchOptions): Promise<Finding[]> {
  const edits = scaled(options, LARGEST);
  const files = scaled(options, LARGEST_FILES);
  const place = openRewritePlace({ files, uses: edits });
  try {
    const script = place.script('types');
    const figure = place.mission(2);
    const nodeBytes = place.nodeBytes();
    const record = await place.close();
    const name = `${edits} of ${files} files edited`;
    const largestKb = record.largestEventBytes / 1_024;
    return [
      beside(`${name}, 2 jobs, the first time`, figure, script),
      recordOf(name, record, edits),
      { work: `memory of the node after ${name}`, figure: `${(nodeBytes / 1e6).toFixed(0)} MB` },
      {
        work: `largest event, ${name}`,
        figure: `${largestKb.toFixed(0)} kB`,
        goal: atMost(record.largestEventBytes, MAX_EVENT_BYTES, `${MAX_EVENT_BYTES / 1_024} kB`),
      },
    ];
  } finally {
    place.dispose();
  }
}

function idleAgents(): Finding {
  const args = ['--expose-gc', IDLE_AGENTS];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const line = stdout.split('\n').find((each) => each.startsWith('{')) ?? '';
  assertSound(status === 0 && line !== '', 'the program with idle agents failed');
  const { idle, idleBytes } = JSON.parse(line) as IdleCost;
  return {
    work: `${idle} idle agents`,
    figure: `${(idleBytes / 1e6).toFixed(1)} MB, ${(idleBytes / idle).toFixed(0)} bytes each`,
    goal: atMost(idleBytes, 20e6, '20 MB'),
  };
}
