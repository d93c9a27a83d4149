/**
 * Commands that look back: a mission as it stood, its files then, its change up to then; and the one
 * that goes on from there.
 */
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { makeRunner } from '#agents/runner.ts';
import type { DoorCommand } from '#api/door.ts';
import { resolveMoment } from '#ledger/history/moment.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { readForkPoint } from '#supervisor/history/fork/fork-point.ts';
import { replayMission } from '#supervisor/history/replay/replay-mission.ts';
import { diffThen, writeThen } from '#supervisor/history/rewind-files.ts';
import { rewindMission, type Rewound } from '#supervisor/history/rewind.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { missionOptions, readInput, repositoryOf, spaceOf, type Handler } from './command-input.ts';
import type { CommandParts } from './command-parts.ts';
import { explainCommands } from './explain-commands.ts';
import { deciders, reducers } from '../state-tables.ts';

/** A mission, and a moment of it in any form that people may say. */
const momentOf = z.object({ mission: z.string(), at: z.string().min(1).max(200) });

const ofKinds = momentOf.extend({ kinds: z.array(z.string()).max(10).optional() });

const { checks, merge, hooks, keepExports, jobs } = missionOptions.shape;

/** `budget` in millionths of a US dollar; goal and options that are absent are the original's. */
const forkOf = momentOf.extend({
  goal: z.string().trim().min(1).max(2_000).exactOptional(),
  options: z.object({
    checks: checks.exactOptional(),
    merge: merge.exactOptional(),
    hooks: hooks.exactOptional(),
    keepExports: keepExports.exactOptional(),
    jobs,
  }),
  budget: z.int().min(0),
});

/** By name, as they come through the door. None but the fork changes the record. */
export const historyCommands: Readonly<Record<string, Handler>> = {
  ...explainCommands,
  /** `kinds` = only entities of these; absent = all. Sorted by id. */
  'mission.rewind': async (parts, command) => {
    const { kinds, ...input } = readInput(ofKinds, command);
    const rewound = rewind(await ledgerOf(parts, command), input);
    const entities = rewound.entities.filter(({ kind }) => kinds?.includes(kind) ?? true);
    return { ...rewound, entities: entities.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
  },
  'mission.moment': async (parts, command) => {
    const { mission, at } = readInput(momentOf, command);
    return resolveMoment((await ledgerOf(parts, command)).read, mission, at);
  },
  'mission.diff-at': async (parts, command) => {
    const ledger = await ledgerOf(parts, command);
    const then = rewind(ledger, readInput(momentOf, command));
    const repository = await openRepository(repositoryOf(parts.spaces, ledger.space));
    return { moment: then.moment, ...(await diffThen(ledger, then, repository)) };
  },
  'mission.write-at': async (parts, command) => {
    const { folder, ...input } = readInput(momentOf.extend({ folder: z.string() }), command);
    const ledger = await ledgerOf(parts, command);
    const then = rewind(ledger, input);
    const repository = await openRepository(repositoryOf(parts.spaces, ledger.space));
    const written = await writeThen(ledger, then, { repository, folder });
    return { moment: then.moment, ...written };
  },
  'mission.fork': async (parts, command, speaker) => {
    const { mission, at, ...asked } = readInput(forkOf, command);
    const ledger = await ledgerOf(parts, command);
    const point = readForkPoint({ ledger, reducers, mission, at });
    return parts.supervisor.fork(ledger, command, { ...asked, point }, speaker);
  },
  'mission.replay': async (parts, command) => {
    const input = readInput(momentOf, command);
    const ledger = await ledgerOf(parts, command);
    const repository = await openRepository(repositoryOf(parts.spaces, ledger.space));
    const startedMs = performance.now();
    const tables = { reducers, deciders, runner: makeRunner(), breathe: setImmediate };
    const report = await replayMission({ ledger, repository, ...tables, ...input });
    return { ...report, durationMs: performance.now() - startedMs };
  },
};

const ledgerOf = ({ spaces }: CommandParts, command: DoorCommand): Promise<Ledger> =>
  spaces.open(spaceOf(command));

const rewind = (ledger: Ledger, input: z.infer<typeof momentOf>): Rewound =>
  rewindMission({ ledger, reducers, ...input });
