/** Shows where the time of messages went, as a table that fits a terminal. */
import type { EfficiencyReport, MissingTimes, TimeTable } from '#bus/inbox/efficiency.ts';
import type { Style } from '../style.ts';
import { count } from '../wording.ts';

const COLUMNS = ['transit', 'queue', 'processing', 'total'] as const;
const CELL = 19;
const NAME = 30;

/** The report for a person: p50 / p99 of each part, how busy agents were, and what is not known. */
export function efficiencyLines(report: EfficiencyReport, { bold, dim }: Style): string[] {
  const { since, until, messages, all, agents, routes, missing } = report;
  if (since === null || until === null) return ['No message yet.'];
  const title = `${count(messages, 'message')} from ${shown(since)} to ${shown(until)}`;
  const head = dim(
    ['p50 / p99'.padEnd(NAME), ...COLUMNS.map((name) => name.padEnd(CELL))].join(''),
  );
  const busy = agents.map(({ agent, busyMs, idleMs, ...times }) => {
    const part = busyMs + idleMs === 0 ? 0 : (100 * busyMs) / (busyMs + idleMs);
    return `${row(nameOf(agent), times)}${dim(`busy ${part.toFixed(0)} %`)}`;
  });
  return [
    bold(title),
    head,
    row('all', all),
    ...(busy.length === 0 ? [] : [bold('agents'), ...busy]),
    ...(routes.length === 0 ? [] : [bold('routes')]),
    ...routes.map(({ from, to, ...times }) => row(`${nameOf(from)} -> ${nameOf(to)}`, times)),
    ...missingLines(missing).map(dim),
  ].map((line) => line.trimEnd());
}

const shown = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** Enough of the node to tell two agents of one name apart. */
const nameOf = (id: string): string => id.replace(/@([0-9a-f]{4})[0-9a-f]*$/u, '@$1');

function row(name: string, times: TimeTable): string {
  const cells = COLUMNS.map((column) => {
    const { count: amount, p50Ms, p99Ms } = times[column];
    return (amount === 0 ? '-' : `${span(p50Ms)} / ${span(p99Ms)}`).padEnd(CELL);
  });
  const label = name.length >= NAME ? `${name.slice(0, NAME - 4)}... ` : name.padEnd(NAME);
  return `${label}${cells.join('')}`;
}

function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

function missingLines(missing: MissingTimes): string[] {
  const told: readonly (readonly [number, string])[] = [
    [missing.notHandedOut, 'not handed out yet'],
    [missing.notHandled, 'handed out, not handled yet'],
    [missing.gaveUp, 'expired or given up'],
    [missing.unknownClock, 'of nodes whose clock is not known: no transit'],
    [missing.beforeSent, 'received before they were sent, by their clocks: transit 0'],
    [missing.withoutBeginning, 'begun before this time, or pruned: not counted'],
  ];
  return told
    .filter(([amount]) => amount > 0)
    .map(([amount, text]) => `${count(amount, 'message')} ${text}`);
}
