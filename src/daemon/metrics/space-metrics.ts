/** Measures the spaces that are open: sizes of their records, and what stands on them by status. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Ledger } from '#ledger/ledger.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { shortId } from '#telemetry/metric-names.ts';
import type { Measured, Metrics } from '#telemetry/metrics.ts';
import { RecordTally, statusesOf, type TallyKind } from './record-tally.ts';
import { watchLedger } from './watch-ledger.ts';

/** A scrape waits for so many pages of events at most; the rest is read after it. */
const MOST_PAGES = 20;

/** How long after a command what it changed is read: what came in between is read at once. */
const READ_AFTER_MS = 500;

/** What measuring spaces needs; `key` and `epoch` are those of the node. */
export interface SpaceMetricsOptions {
  readonly key: string;
  readonly epoch: number;
  readonly monotonicMs: () => number;
  /** Calls back after so many milliseconds, without keeping the process; answers how to cancel that. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

/** Told of each space that is opened and closed. */
export interface SpaceWatch {
  /** Answers the ledger to be used instead: it is measured. */
  readonly opened: (ledger: Ledger, folder: string) => Ledger;
  readonly closed: (space: string) => void;
}

interface OpenSpace {
  readonly ledger: Ledger;
  readonly tally: RecordTally;
  cancel: (() => void) | undefined;
}

/** Measures from now on; `close` ends that. */
export function measureSpaces(
  metrics: Metrics,
  { key, epoch, monotonicMs, later }: SpaceMetricsOptions,
): SpaceWatch & { readonly open: () => number; readonly close: () => void } {
  const open = new Map<string, OpenSpace>();
  // A space is closed and opened again for its pruning: what was told of it is not told twice.
  const toldUpTo = new Map<string, number>();
  const refused = metrics.counter('skein_edits_refused_total');
  const checks = metrics.counter('skein_checks_total');
  for (const outcome of CHECK_OUTCOMES) checks.add(0, { outcome });
  const failures = metrics.counter('skein_metrics_collect_failures_total');
  const tell = (event: SkeinEvent): void => {
    if (event.type === 'guardrail.refused') refused.add(1, { guardrail: event.data.guardrail });
    const outcome = checkOutcome(event);
    if (outcome !== undefined) checks.add(1, { outcome });
  };
  const readSoon = (space: OpenSpace): void => {
    space.cancel ??= later(READ_AFTER_MS, () => {
      space.cancel = undefined;
      void space.tally.catchUp(MOST_PAGES).then(
        (all) => (all ? undefined : readSoon(space)),
        () => failures.add(1, { part: 'records' }),
      );
    });
  };
  const closed = (space: string): void => {
    const known = open.get(space);
    if (known === undefined) return;
    known.cancel?.();
    known.tally.stop();
    const last = known.tally.toldUpTo;
    if (last !== undefined) toldUpTo.set(space, last);
    open.delete(space);
  };
  const sizes = measureSizes(metrics, open);
  const state = measureState(metrics, open);
  const ends = [
    metrics.collect('sizes', sizes),
    metrics.collect('records', async () => {
      const reading = [...open.values()].map(async (space) => {
        if (!(await space.tally.catchUp(MOST_PAGES))) readSoon(space);
      });
      const done = await Promise.allSettled(reading);
      state();
      for (const each of done) if (each.status === 'rejected') throw each.reason;
    }),
  ];
  return {
    opened: (ledger, folder) => {
      closed(ledger.space);
      const told = toldUpTo.get(ledger.space);
      const tally = new RecordTally({ ledger, folder, key, epoch, tell, breathe, toldUpTo: told });
      const space: OpenSpace = { ledger, tally, cancel: undefined };
      open.set(ledger.space, space);
      readSoon(space);
      return watchLedger(ledger, { metrics, monotonicMs, changed: () => readSoon(space) });
    },
    closed,
    open: () => open.size,
    close: () => {
      for (const space of open.keys()) closed(space);
      for (const end of ends) end();
    },
  };
}

const CHECK_OUTCOMES = ['passed', 'failed', 'timed-out', 'not-run'] as const;

/** What came of a check, undefined for other events. */
function checkOutcome(event: SkeinEvent): (typeof CHECK_OUTCOMES)[number] | undefined {
  if (event.type === 'check.failed') return 'not-run';
  if (event.type !== 'check.done') return undefined;
  if (event.data.timedOut) return 'timed-out';
  return event.data.exitCode === 0 ? 'passed' : 'failed';
}

function measureSizes(metrics: Metrics, open: ReadonlyMap<string, OpenSpace>): () => void {
  const commits = metrics.counter('skein_commits_total');
  const events = metrics.counter('skein_events_total');
  const ledgerBytes = metrics.gauge('skein_ledger_bytes');
  const blobBytes = metrics.gauge('skein_blob_bytes');
  return () => {
    const all = [...open].map(([id, { ledger }]) => ({ id, ...ledger.stats() }));
    const by = (value: (each: (typeof all)[number]) => number): [number, { space: string }][] =>
      all.map((each) => [value(each), { space: shortId(each.id) }]);
    commits.replace(by((each) => each.commits));
    events.replace(by((each) => each.events));
    ledgerBytes.replace(by((each) => each.ledgerBytes));
    blobBytes.replace(by((each) => each.blobBytes));
  };
}

function measureState(metrics: Metrics, open: ReadonlyMap<string, OpenSpace>): () => void {
  const missions = metrics.gauge('skein_missions');
  const tasks = metrics.gauge('skein_tasks');
  const leases = metrics.gauge('skein_leases_held');
  const sums = (kind: TallyKind): Measured<'skein_missions'>[] => {
    const known = [...open.values()].flatMap(({ tally }) => tally.counts(kind) ?? []);
    // Before the first space was looked at nobody knows, and nothing is told.
    if (known.length === 0) return [];
    return statusesOf(kind).map((status) => {
      const sum = known.reduce((total, counts) => total + (counts.get(status) ?? 0), 0);
      return [sum, { status }];
    });
  };
  leases.replace([]);
  return () => {
    missions.replace(sums('mission'));
    tasks.replace(sums('task'));
    const held = sums('lease').find(([, { status }]) => status === 'held');
    leases.replace(held === undefined ? [] : [[held[0]]]);
  };
}
