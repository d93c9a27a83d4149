/** The coder: claims a task and makes its edits, each through the one door. */
import { inParallel } from '#lib/in-parallel.ts';
import { safePoint, type MissionWork } from '#tasks/mission-work.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { openEditDoor, type EditJudge, type ProposedEdit } from '#workspace/apply-edit.ts';

/** How many files are written at a time; their intents share commits. */
const EDITS_AT_ONCE = 16;

/** How long a lease is good for without a sign of life, in milliseconds. */
const LEASE_TTL_MS = 600_000;

/** An agent that edits. `reflex` may veto each edit; the first veto fails the task. */
export interface Coder {
  readonly name: string;
  readonly claim: (work: MissionWork, task: string) => Promise<void>;
  readonly edit: (work: MissionWork, task: string, edits: readonly ProposedEdit[]) => Promise<void>;
}

/** A coder whose edits are judged by `reflex`. */
export function makeCoder(name: string, reflex: EditJudge): Coder {
  return {
    name,
    claim: async (work, task) => {
      await work.as(name).record('task.claim', { task, agent: name, ttlMs: LEASE_TTL_MS });
    },
    edit: async (given, task, edits) => {
      const work = given.as(name);
      const { mission, worktree: root, effects, ledger, world } = work;
      const door = openEditDoor({
        root,
        effects,
        reflex,
        blobs: ledger.blobs,
        files: world.files,
        refused: async ({ path }, { guardrail, reason, places }) => {
          const data = { guardrail, reason, places };
          const subject = `file/${path}`;
          await work.record('note.record', { type: 'guardrail.refused', subject, mission, data });
        },
      });
      const token = leaseOf(work, task);
      await inParallel(edits, EDITS_AT_ONCE, async (edit) => {
        safePoint(work);
        await door.applyEdit(edit, { mission, ...token });
      });
    },
  };
}

/** The lease of a claimed task; the ledger checks it again at every intent. */
function leaseOf({ ledger }: MissionWork, task: string): { lease: string; token: number } {
  const lease = (ledger.read.entity('task', task)?.body as TaskState | undefined)?.lease ?? '';
  const held = ledger.read.entity('lease', lease)?.body as LeaseState | undefined;
  return { lease, token: held?.token ?? 0 };
}
