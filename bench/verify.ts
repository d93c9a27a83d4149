/**
 * Reading a long record: verification and folding beside a plain scan of the same rows, and how
 * soon a ledger that is opened again answers its first read.
 */
import { join } from 'node:path';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature } from '#identity/signer.ts';
import { foldAll } from '#ledger/state/refold.ts';
import { openForReading } from '#ledger/store/database.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { openBenchLedger } from './support/bench-ledger.ts';
import {
  BENCH_SPACE,
  assertSound,
  missionWork,
  openSpace,
  temporaryFolder,
} from './support/bench-space.ts';
import { atLeast, atMost, duration, rate, scaled, type Bench, type Finding } from './report.ts';
import { median, takeTurns } from './rounds.ts';

const BATCH = 1_000;

/** Verification is measured, several times, on a ledger of this size. */
const VERIFIED_EVENTS = 100_000;

/** The bench. */
export const verify: Bench = {
  about: 'verify, fold and open again a long record',
  run: async (options) => {
    const folder = temporaryFolder();
    try {
      const verified = Math.min(VERIFIED_EVENTS, options.events);
      fill(folder.path, verified);
      const findings = await compareReading(folder.path, verified, scaled(options, 5, 3));
      fill(folder.path, options.events - verified);
      return [...findings, await openAgain(folder.path, options.events)];
    } finally {
      folder.dispose();
    }
  },
};

function fill(folder: string, events: number): void {
  const space = openSpace(folder);
  const work = missionWork();
  for (let left = events; left > 0; left -= BATCH) space.flush(work(Math.min(BATCH, left)));
  space.close();
}

async function compareReading(folder: string, events: number, rounds: number): Promise<Finding[]> {
  const database = openForReading(join(folder, 'ledger.db'));
  const timed = (read: () => void): number => {
    const startedMs = performance.now();
    read();
    return (events * 1_000) / (performance.now() - startedMs);
  };
  const figures = await takeTurns(rounds, {
    verify: () => timed(() => verifyWhole(folder, events)),
    fold: () => timed(() => void foldAll(database, reducers)),
    scan: () =>
      timed(() => {
        let bytes = 0;
        const rows = database.prepare('SELECT salt, body FROM events ORDER BY position').iterate();
        for (const { body } of rows) bytes += (body as Uint8Array).length;
        assertSound(bytes > events, 'the scan saw nothing');
      }),
  });
  database.close();
  const beside = (work: string, figure: number, least: number): Finding => ({
    work: `${work} ${events / 1_000} k events`,
    figure: rate(figure, 'events'),
    peer: `scan of the same rows: ${rate(figures.scan, 'events')}`,
    ratio: figure / figures.scan,
    goal: atLeast(figure, least, rate(least, 'events')),
  });
  return [
    beside('verify', figures.verify, 120_000),
    beside('fold (materialise)', figures.fold, 100_000),
  ];
}

function verifyWhole(folder: string, events: number): void {
  const { damage, events: seen } = verifySpace({
    folder,
    space: BENCH_SPACE,
    reducers,
    outside: [],
    nowMs: () => performance.now(),
    verifySignature,
  });
  assertSound(damage.length === 0, `verify found ${damage[0]?.kind} ${damage[0]?.detail}`);
  assertSound(seen > events, 'verify saw too few events');
}

async function openAgain(folder: string, events: number): Promise<Finding> {
  const timesMs: number[] = [];
  for (let epoch = 2; epoch < 7; epoch += 1) {
    const startedMs = performance.now();
    const ledger = await openBenchLedger(folder, epoch);
    assertSound(ledger.read.events({ after: events, limit: 1 }).length === 1, 'the end is missing');
    timesMs.push(performance.now() - startedMs);
    await ledger.close();
  }
  const figureMs = median(timesMs);
  return {
    work: `restart: open ${events / 1_000} k events to the first read`,
    figure: duration(figureMs),
    goal: atMost(figureMs, 1_000, '1 s'),
  };
}
