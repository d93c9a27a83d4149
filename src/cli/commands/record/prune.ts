/** skein prune: what old missions could be let go of, and with --yes lets go of it. */
import type { PruneReport, Reports } from '#daemon/home/prune-home.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { listMissions, shortId } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import { PRUNE_DEFAULTS } from '../../terminal/record/record-growth.ts';
import { style } from '../../terminal/style.ts';
import { count, firstLine, size } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'prune [--older-than <days>] [--keep-missions <n>] [--outputs-only] [--yes]',
  summary: 'let go of the contents of old missions; says first what would go and what it costs',
  words: [0, 0],
  options: {
    'older-than': {
      type: 'string',
      value: '<days>',
      help: `missions that ended so long ago (default: ${PRUNE_DEFAULTS.olderThanDays})`,
    },
    'keep-missions': {
      type: 'string',
      value: '<n>',
      help: `but never the last n of a record (default: ${PRUNE_DEFAULTS.keepMissions})`,
    },
    'outputs-only': { type: 'boolean', help: 'only what checks and commands printed' },
    yes: { type: 'boolean', short: 'y', help: 'do it (without it, only say what would go)' },
  },
  run: async (typed) => {
    const options = {
      olderThanDays: numberOf(typed, 'older-than') ?? PRUNE_DEFAULTS.olderThanDays,
      keepMissions: numberOf(typed, 'keep-missions') ?? PRUNE_DEFAULTS.keepMissions,
      what: typed.flag('outputs-only') ? 'outputs' : 'bodies',
    };
    const client = await connect(typed);
    const input = { ...options, carryOut: typed.flag('yes') };
    const call = { id: newCommandId(), name: 'record.prune', input };
    const { reports, failed } = await client.post<Reports<PruneReport>>(call);
    const goals = new Map((await listMissions(client)).map(({ id, body }) => [id, body.goal]));
    for (const report of reports) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
      else process.stdout.write(`${reportLines(report, goals).join('\n')}\n`);
    }
    for (const { space, error } of failed) {
      process.stderr.write(`record ${space.slice(0, 12)}: ${error.detail} (${error.fix ?? ''})\n`);
    }
    if (reports.length === 0 && failed.length === 0) {
      process.stderr.write('There is no record yet in this home.\n');
    }
    return failed.length > 0 ? 1 : 0;
  },
};

function numberOf(typed: Typed, name: string): number | undefined {
  const value = typed.value(name);
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/u.test(value)) return Number(value);
  throw new SkeinError('usage', `Cannot prune: --${name} is "${value}", not a whole number`);
}

const MOST_MISSIONS = 20;

function reportLines(report: PruneReport, goals: ReadonlyMap<string, string>): string[] {
  const { space, what, missions, before, after } = report;
  const { bold, dim } = style(process.stdout);
  const name = bold(`record ${space.slice(0, 12)}`);
  if (missions.length === 0) return [`${name}: nothing to prune`, ...keptLines(report)];
  const goes = what === 'bodies' ? 'the contents' : 'the outputs';
  const verb = after === null ? 'would go' : 'are gone';
  const hidden = missions.length - MOST_MISSIONS;
  return [
    `${name}: ${goes} of ${count(missions.length, 'mission')} ${verb}: ${totalText(report)}`,
    ...missions
      .slice(0, MOST_MISSIONS)
      .map(({ mission, eventBytes, blobBytes }) =>
        dim(
          `  ${shortId(mission)}  ${size(eventBytes + blobBytes).padStart(9)}  ${firstLine(goals.get(mission))}`,
        ),
      ),
    ...(hidden > 0 ? [dim(`  ... and ${hidden} more`)] : []),
    ...keptLines(report),
    ...CONSEQUENCES[what].map((line) => `  ${line}`),
    after === null
      ? `  the files are ${sizesOf(before)} now; to do it: the same with --yes`
      : `  the files were ${sizesOf(before)} and are ${sizesOf(after)} now`,
  ];
}

function totalText({ what, missions }: PruneReport): string {
  const total = (of: 'events' | 'eventBytes' | 'blobs' | 'blobBytes'): number =>
    missions.reduce((sum, mission) => sum + mission[of], 0);
  const events = what === 'bodies' ? [sized(total('events'), 'event', total('eventBytes'))] : [];
  return [...events, sized(total('blobs'), 'blob', total('blobBytes'))].join(' and ');
}

const sized = (amount: number, noun: string, bytes: number): string =>
  `${count(amount, noun)} (${size(bytes)})`;

const sizesOf = ({ ledger, blobs }: PruneReport['before']): string =>
  `${size(ledger)} + ${size(blobs)} blobs`;

function keptLines({ kept }: PruneReport): string[] {
  const told = Object.entries(kept).map(([reason, amount]) => `${amount} ${reason}`);
  return told.length === 0 ? [] : [`  kept: ${told.join(', ')}`];
}

/** What a person gives up, before they do. */
const CONSEQUENCES: Readonly<Record<PruneReport['what'], readonly string[]>> = {
  bodies: [
    'for these missions rewind, replay and fork no longer work; why and log only tell what is left',
    'what stays: their state (missions, show, tasks), their git commits, ids, hashes and signatures: verify proves as before',
  ],
  outputs: ['show no longer has what their checks and commands printed; all else works as before'],
};
