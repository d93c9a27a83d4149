/**
 * Replaying a mission: folding, deciding and answering all of it again, beside reading the same
 * bytes from a plain file and beside folding alone; and what a fork must read to go on from it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { makeRunner } from '#agents/runner.ts';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { foldMission } from '#ledger/history/fold-mission.ts';
import { eachEvent } from '#ledger/history/mission-events.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { openForReading } from '#ledger/store/database.ts';
import { parseEnvelope } from '#protocol/event.ts';
import { readForkPoint } from '#supervisor/history/fork/fork-point.ts';
import { replayMission } from '#supervisor/history/replay/replay-mission.ts';
import { openRepository, type Repository } from '#workspace/git/open-repository.ts';
import { atLeast, duration, rate, scaled, type Bench, type Finding } from './report.ts';
import { takeTurns } from './rounds.ts';
import { assertSound, BENCH_SPACE, openSpace, temporaryFolder } from './support/bench-space.ts';
import { makeRepository } from './support/many-files.ts';
import { EVENTS_PER_EDIT, missionMaker } from './support/mission-history.ts';

const PATHS = 2_000;
const COMMANDS_AT_ONCE = 1_000;

/** As many a second as the log of a busy day has: then it is a matter of seconds. */
const LEAST_A_SECOND = 10_000;

/** The bench. */
export const replay: Bench = {
  about: 'replay a long mission, and read what a fork of it needs',
  run: async (options) => {
    const folder = temporaryFolder();
    try {
      const events = scaled(options, 100_000);
      const mission = fill(folder.path, events);
      const top = join(folder.path, 'repository');
      mkdirSync(top);
      makeRepository(top, { files: 1, uses: 1 });
      const repository = await openRepository(top);
      const past = writePast(folder.path, mission);
      return await measure({ ...past, mission, repository }, scaled(options, 5, 3));
    } finally {
      folder.dispose();
    }
  },
};

function fill(folder: string, events: number): string {
  const space = openSpace(folder);
  const { mission, commands } = missionMaker()({ paths: PATHS, edits: events / EVENTS_PER_EDIT });
  for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE) {
    space.flush(commands.slice(at, at + COMMANDS_AT_ONCE));
  }
  space.close();
  return mission;
}

interface Past {
  readonly database: ReturnType<typeof openForReading>;
  /** The last event before the mission's proof, which no git made here. */
  readonly at: string;
  readonly events: number;
  /** The same events, one a line. */
  readonly file: string;
}

function writePast(folder: string, mission: string): Past {
  const database = openForReading(join(folder, 'ledger.db'));
  const read = makeLedgerReader(database);
  const stored = [...eachEvent(read, { mission })];
  const last = stored.findLastIndex(({ type }) => type === 'expectation.met');
  const bodies = stored.slice(0, last + 1).map(({ body }) => body as Buffer);
  const file = join(folder, 'mission.jsonl');
  writeFileSync(file, bodies.map((body) => `${body.toString('utf8')}\n`).join(''));
  return { database, file, events: bodies.length, at: parseEnvelope(bodies.at(-1) as Buffer).id };
}

interface Subject extends Past {
  readonly mission: string;
  readonly repository: Repository;
}

async function measure(subject: Subject, rounds: number): Promise<Finding[]> {
  const { database, events, file, mission } = subject;
  // Each time a reader that has no checkpoints.
  const fresh = (): LedgerReader => makeLedgerReader(database);
  const perSecond = (use: () => unknown) => async () => {
    const startedMs = performance.now();
    await use();
    return (events * 1_000) / (performance.now() - startedMs);
  };
  const figures = await takeTurns(rounds, {
    replay: perSecond(() => replayOnce(subject, fresh())),
    fold: perSecond(() => void foldMission({ read: fresh(), reducers, mission })),
    plain: perSecond(() => readPlain(file, events)),
    point: async () => forkPointMs(subject, fresh()),
  });
  database.close();
  const work = `replay a mission of ${(events / 1_000).toFixed(0)} k events`;
  const figure = rate(figures.replay, 'events');
  return [
    {
      work,
      figure,
      peer: `the same events read from a plain file: ${rate(figures.plain, 'events')}`,
      ratio: figures.replay / figures.plain,
      goal: atLeast(figures.replay, LEAST_A_SECOND, rate(LEAST_A_SECOND, 'events')),
    },
    {
      work: `${work}, without deciding and answering`,
      figure,
      peer: `folded only: ${rate(figures.fold, 'events')}`,
      ratio: figures.replay / figures.fold,
    },
    {
      work: `fork: read what a mission of ${(events / 1_000).toFixed(0)} k events leaves`,
      figure: duration(figures.point),
    },
  ];
}

async function replayOnce(subject: Subject, read: LedgerReader): Promise<void> {
  const { mission, at, repository, events } = subject;
  const ledger = { space: BENCH_SPACE, read, blobs: noBlobs };
  const tables = { reducers, deciders, runner: makeRunner(), breathe: setImmediate };
  const report = await replayMission({ ledger, mission, at, repository, ...tables });
  const { difference, decided, commands, other } = report;
  assertSound(difference === null, `replay differs: ${difference?.what}`);
  assertSound(report.events === events && decided === commands && other === 0, 'it fell short');
}

function readPlain(file: string, events: number): void {
  let read = 0;
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    assertSound(parseEnvelope(line).id !== '', 'a line has no id');
    read += 1;
  }
  assertSound(read === events, 'the plain file has other events');
}

function forkPointMs({ mission }: Subject, read: LedgerReader): number {
  const startedMs = performance.now();
  const ledger = { read, blobs: noBlobs };
  const { steps } = readForkPoint({ ledger, reducers, mission, at: 'end' });
  assertSound(
    steps.reduce((sum, { edits }) => sum + edits.length, 0) >= PATHS,
    'edits are missing',
  );
  return performance.now() - startedMs;
}

/** Contents are not asked for where no tree is made. */
const noBlobs = {
  get: (): Buffer => Buffer.alloc(0),
  put: () => Promise.reject(new Error('nothing is stored')),
  putText: () => Promise.reject(new Error('nothing is stored')),
};
