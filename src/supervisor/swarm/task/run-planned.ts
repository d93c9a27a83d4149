/**
 * A planned command: it runs on a copy of the worktree, and what it changed there comes in through
 * the door like any edit, under the lease of its task.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { BlobReference } from '#ledger/ledger.ts';
import type { EffectData } from '#tasks/effects.ts';
import { missionPrograms } from '#tasks/mission-programs.ts';
import { recordedOutcome } from '#tasks/run-command.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { CHECK_TIMEOUT_MS } from '#workspace/checks/run-check.ts';
import { assertCopyOutcome } from '#workspace/copy/run-on-copy.ts';
import type { PlannedCommand } from '../../recipe.ts';
import type { TaskAtWork } from './task-at-work.ts';
import { writtenFiles } from './written-files.ts';

/**
 * Runs the command of the task and makes its edits; answers what came of it, in words. Throws
 * `check-failed`, `path-refused`.
 */
export async function runPlannedCommand(at: TaskAtWork): Promise<string> {
  const { swarm, planned, assignment } = at;
  const { work } = assignment;
  const command = commandOf(at);
  const { name } = command;
  const outcome = await work.effects.perform({
    kind: 'command',
    key: `${work.mission}/command/${planned.id}`,
    subject: `task/${planned.id}`,
    mission: work.mission,
    intent: { task: planned.id, name, command: command.command, timeoutMs: CHECK_TIMEOUT_MS },
    expectation: { task: planned.id, action: `command ${name}`, expects: 'exit code 0' },
    act: () => actCommand(at, command),
    // It ran on a copy that is gone: nothing of it is left, and it runs again.
    probe: async () => ({ type: 'not-done' }),
  });
  const edits = readEdits(work.ledger.blobs, outcome['edits'] as BlobReference);
  assignment.alive();
  await swarm.crew.coder.edit(assignment, edits);
  if (edits.length === 0) return 'the command changed nothing';
  return `the command changed ${edits.length} ${edits.length === 1 ? 'file' : 'files'}`;
}

function commandOf({ swarm, planned }: TaskAtWork): PlannedCommand {
  const paths = planned.writeSet.join('\n');
  const parts = swarm.approved.contents.commands ?? [];
  const part = parts.find(
    (each) => each.title === planned.title && each.paths.join('\n') === paths,
  );
  if (part?.command !== undefined) return part.command;
  throw new SkeinError('internal', `Cannot do task ${planned.id}: its command is not in the plan`);
}

async function actCommand(
  { swarm, planned, assignment }: TaskAtWork,
  command: PlannedCommand,
): Promise<EffectData> {
  const { work } = assignment;
  const { repository, base, worktree, world, signal } = work;
  const { workspace } = await world.readSkeinYaml(repository, base);
  const outcome = await world.copies.run({
    repository,
    base,
    worktree,
    written: writtenFiles(swarm).map(({ path }) => path),
    copy: `${worktree}.copy-${planned.id.slice(work.mission.length + 1)}`,
    setup: workspace?.setup,
    command,
    paths: planned.writeSet,
    run: {
      startedAt: work.now(),
      signal,
      environment: { PATH: work.searchPath },
      scratch: work.scratch,
      timeoutMs: CHECK_TIMEOUT_MS,
      ...(await missionPrograms(work)),
    },
  });
  signal.throwIfAborted();
  assertCopyOutcome(command, outcome);
  const { blobs } = work.ledger;
  const edits = [];
  for (const { after, ...edit } of outcome.edits) {
    edits.push({ ...edit, after: await blobs.put(after) });
  }
  const stored = await blobs.put(Buffer.from(JSON.stringify(edits)));
  return { ...(await recordedOutcome(work, outcome.result)), edits: stored };
}

type StoredEdit = Omit<ProposedEdit, 'after'> & { readonly after: BlobReference };

function readEdits(
  blobs: { readonly get: (hash: string) => Buffer },
  { hash }: BlobReference,
): readonly ProposedEdit[] {
  const stored = JSON.parse(blobs.get(hash).toString('utf8')) as readonly StoredEdit[];
  return stored.map((edit) => ({ ...edit, after: blobs.get(edit.after.hash) }));
}
