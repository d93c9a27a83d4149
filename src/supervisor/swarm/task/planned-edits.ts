/** The exact edits that a task still has to make. */
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { toProposedEdit } from '../../plan-contents.ts';
import type { PlannedTask } from '../../plan/task-graph.ts';
import type { Swarm } from '../swarm.ts';
import { writtenFiles } from './written-files.ts';

/**
 * The exact edits of a task that are not made yet; what a plan before this one has changed is
 * edited as it is now.
 */
export function editsOf(swarm: Swarm, { writeSet }: PlannedTask): ProposedEdit[] {
  const { approved, work } = swarm;
  const paths = new Set(writeSet);
  const written = new Map(
    writtenFiles(swarm, writeSet).map(({ path, afterHash }) => [path, afterHash]),
  );
  return approved.contents.edits
    .filter(({ path, afterHash }) => paths.has(path) && written.get(path) !== afterHash)
    .map((edit) => {
      const baseHash = written.get(edit.path) ?? edit.baseHash;
      return { ...toProposedEdit(work.ledger.blobs, edit), baseHash };
    });
}
