/** The coder: makes the edits of a task, each through the one door, under the task's lease. */
import { inParallel } from '#lib/in-parallel.ts';
import { safePoint } from '#tasks/mission-work.ts';
import {
  openEditDoor,
  type EditDoor,
  type EditJudge,
  type ProposedEdit,
} from '#workspace/apply-edit.ts';
import type { Assignment } from './assignment.ts';
import {
  lookAround,
  type DiscoveryTools,
  type LookedAround,
  type ProposeEdit,
} from './discoveries.ts';
import { settle, type Opinion } from './precedence.ts';

/** How many files are written at a time; their intents share commits. */
const EDITS_AT_ONCE = 16;

/** An agent that edits. The reflex may veto each edit: then `guardrail-refused` is thrown. */
export interface Coder {
  readonly edit: (assignment: Assignment, edits: readonly ProposedEdit[]) => Promise<void>;
  readonly propose: ProposeEdit;
  /** Looks for places that the change should reach, and settles them with the peers. */
  readonly lookAround: (assignment: Assignment, tools: DiscoveryTools) => Promise<LookedAround>;
}

/** A coder whose edits are judged by `reflex`. */
export function makeCoder(reflex: EditJudge): Coder {
  const propose: ProposeEdit = (assignment, edit, peers) => {
    const why = `peers agreed that ${edit.path} changes`;
    const agreed = peers.map((from): Opinion => ({ layer: 'swarm', from, wants: true, why }));
    return openDoor(assignment, reflex, () => agreed).propose(edit);
  };
  return {
    propose,
    lookAround: (assignment, tools) => lookAround(assignment, tools, propose),
    edit: async (assignment, edits) => {
      const { work, task, lease, alive } = assignment;
      const door = openDoor(assignment, reflex, (wish) => [wish]);
      await inParallel(edits, EDITS_AT_ONCE, async (edit) => {
        safePoint(work);
        await door.applyEdit(edit, { mission: work.mission, task, ...lease });
        alive();
      });
    },
  };
}

/** A door that tells the record of each refusal: what was expected, why not, who was overridden. */
function openDoor(
  { work, agent, task }: Assignment,
  reflex: EditJudge,
  wishes: (ofPlan: Opinion) => readonly Opinion[],
): EditDoor {
  const { mission, worktree: root, effects, ledger, world, record } = work;
  return openEditDoor({
    root,
    effects,
    reflex,
    ledger,
    files: world.files,
    refused: async ({ path, changes }, { guardrail, reason, places }) => {
      const subject = `file/${path}`;
      const note = (type: string, data: object, cause?: string): Promise<readonly string[]> => {
        const why = cause === undefined ? {} : { cause };
        return record('note.record', { type, subject, mission, ...why, data });
      };
      const expects = `${changes} changes in ${path}, which still parses`;
      const [expected] = await note('agent.expected', { task, action: 'edit', expects });
      const [refused] = await note('guardrail.refused', { guardrail, reason, places }, expected);
      const failed = { task, action: 'edit', expects, found: `refused by ${guardrail}` };
      await note('expectation.failed', failed, refused);
      const plan: Opinion = { layer: 'mission', from: agent.name, wants: true, why: 'the plan' };
      const from = `guardrail:${guardrail}`;
      const veto: Opinion = { layer: 'safety', from, wants: false, why: gist(reason) };
      const { overrides } = settle([...wishes(plan), veto]);
      for (const data of overrides) await note('decision.overridden', data, refused);
    },
  });
}

/** The first clause of a reason: all of it is told where the refusal is. */
const gist = (reason: string): string => reason.split(': ', 1)[0] ?? reason;
