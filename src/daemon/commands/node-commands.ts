/** The commands that come through the door, and who carries each of them out. */
import { z } from 'zod';
import type { DoorCommand } from '#api/door.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import { explainPruned, prunedNotes } from '#ledger/prune/pruned-mission.ts';
import { missionDiff } from '#supervisor/mission-diff.ts';
import { agentCommands } from './agent-commands.ts';
import { busCommands } from './bus-commands.ts';
import { backupHome, restoreDefault, restoreHome } from '../home/backup-home.ts';
import { homeFailure } from '../home/home.ts';
import { pruneHome, surveyHome } from '../home/prune-home.ts';
import { cleanWorktrees } from '../home/clean-worktrees.ts';
import { missionOptions, readInput, repositoryOf, spaceOf, type Handler } from './command-input.ts';
import type { CommandParts } from './command-parts.ts';
import { historyCommands } from './history-commands.ts';
import { importCommands } from './import-commands.ts';
import { networkCommands } from './network-commands.ts';
import { repairSpace, type RepairReport } from '../home/repair-space.ts';

const submission = z.object({
  goal: z.string().trim().min(1).max(2_000),
  repository: z.string().min(1),
  searchPath: z.string(),
  options: missionOptions,
});

const ofMission = z.looseObject({
  mission: z.string(),
  from: z
    .string()
    .regex(/^[\w -]{1,40}$/u)
    .optional(),
});

const pruning = z.object({
  olderThanDays: z.number().min(0),
  keepMissions: z.int().min(0),
  what: z.enum(['bodies', 'outputs']),
  carryOut: z.boolean(),
});

const HANDLERS: Readonly<Record<string, Handler>> = {
  'mission.submit': async ({ supervisor }, command, speaker) =>
    supervisor.submit(command, readInput(submission, command), speaker),
  'mission.approve': async ({ supervisor, spaces }, command, speaker) =>
    supervisor.approve(await spaces.open(spaceOf(command)), checked(command), speaker),
  'mission.reject': async ({ supervisor, spaces }, command, speaker) =>
    supervisor.reject(await spaces.open(spaceOf(command)), checked(command), speaker),
  'mission.resume': async ({ supervisor, spaces }, command, speaker) =>
    supervisor.resume(await spaces.open(spaceOf(command)), checked(command), speaker),
  'mission.cancel': async ({ supervisor, spaces }, command, speaker) => {
    const input = readInput(
      z.object({ mission: z.string(), reason: z.string().max(2_000) }),
      command,
    );
    const ledger = await spaces.open(spaceOf(command));
    return supervisor.cancel(ledger, { ...command, input }, speaker);
  },
  'mission.interrupt': async ({ supervisor }, command) => {
    const { mission } = readInput(ofMission, command);
    return { interrupted: await supervisor.interrupt(mission, 'a person stopped it') };
  },
  'mission.diff': async ({ spaces }, command) => {
    const { mission } = readInput(ofMission, command);
    const ledger = await spaces.open(spaceOf(command));
    const path = repositoryOf(spaces, ledger.space);
    const diff = (): Promise<string> => missionDiff(ledger, mission, path);
    return { diff: await explainPruned(ledger.read, mission, diff) };
  },
  'record.verify': async ({ spaces }, command) => {
    const ids = command.space === undefined ? spaces.list() : [command.space];
    const reports = [];
    for (const id of ids) reports.push(await spaces.judge(id));
    return { reports };
  },
  'record.repair': async ({ spaces, supervisor }, command) => {
    const { carryOut } = readInput(z.object({ carryOut: z.boolean() }), command);
    assertNoMissions(supervisor, command);
    const repairs: RepairReport[] = [];
    for (const space of spaces.list()) {
      const report = await spaces.judge(space);
      const { damage, commits, events } = report;
      if (damage.length === 0) continue;
      const found = { space, damage, repaired: false, keptIn: null, commits, events, lost: [] };
      repairs.push(carryOut ? await repairSpace(spaces, space, damage) : found);
    }
    return { repairs };
  },
  'record.backup': async ({ spaces, paths }, command) => {
    const request = z.object({ folder: z.string(), withKey: z.boolean() });
    return backupHome(spaces, paths, readInput(request, command));
  },
  'record.restore': async ({ spaces, supervisor, paths }, command) => {
    const request = z.object({ folder: z.string(), replace: z.boolean() });
    assertNoMissions(supervisor, command);
    const wanted = readInput(request, command);
    const restored = await restoreHome(spaces, wanted);
    restoreDefault(wanted, paths);
    return restored;
  },
  'record.prune': async ({ spaces, supervisor }, command, speaker) => {
    const { carryOut, ...options } = readInput(pruning, command);
    const assertIdle = (): void => assertNoMissions(supervisor, command);
    if (carryOut) assertIdle();
    return pruneHome(spaces, { carryOut, options, nowMs: Date.now(), speaker, assertIdle });
  },
  'record.survey': ({ spaces }) => surveyHome(spaces, Date.now()),
  /** What was pruned of a mission. */
  'record.pruned': async ({ spaces }, command) => {
    const { mission } = readInput(ofMission, command);
    const ledger = await spaces.open(spaceOf(command));
    return { pruned: prunedNotes(ledger.read, mission) };
  },
  'workspace.clean': async ({ spaces, supervisor, paths }, command) =>
    cleanWorktrees(
      { spaces, supervisor, paths },
      readInput(z.object({ dryRun: z.boolean() }), command),
    ),
  ...historyCommands,
  ...busCommands,
  ...agentCommands,
  ...networkCommands,
  ...importCommands,
  'node.stop': async ({ stop }) => {
    await stop();
    return { stopped: true };
  },
};

/** Carries out a command; throws `command-unknown` for what is not open to callers. */
export async function executeCommand(
  parts: CommandParts,
  command: DoorCommand,
  speaker: Speaker,
): Promise<unknown> {
  assertMayUse(command, speaker);
  const handler = Object.hasOwn(HANDLERS, command.name) ? HANDLERS[command.name] : undefined;
  if (handler !== undefined) {
    try {
      return await handler(parts, command, speaker);
    } catch (thrown) {
      throw homeFailure(parts.paths, thrown);
    }
  }
  throw new SkeinError(
    'command-unknown',
    `Cannot execute ${command.name}: there is no such command`,
    {
      fix: `Commands are ${Object.keys(HANDLERS).join(', ')}.`,
    },
  );
}

/** An agent that is no part of the node talks; what the node does is for people to say. */
function assertMayUse({ name }: DoorCommand, { actor, authority }: Speaker): void {
  if (authority !== 'peer' || Object.hasOwn(busCommands, name)) return;
  if (name === 'agents.list' || name === 'agent.register') return;
  throw new SkeinError('unauthorized', `Cannot execute ${name}: ${actor} may only use messages`, {
    fix: `Its commands are ${Object.keys(busCommands).join(', ')}, agents.list, agent.register.`,
  });
}

const checked = (command: DoorCommand): DoorCommand => ({
  ...command,
  input: readInput(ofMission, command),
});

function assertNoMissions({ atWork }: CommandParts['supervisor'], { name }: DoorCommand): void {
  if (atWork.length === 0) return;
  throw new SkeinError(
    'conflict',
    `Cannot execute ${name}: ${atWork.length} missions are at work`,
    {
      fix: 'Wait for them, or stop them with Ctrl-C or "skein cancel".',
    },
  );
}
