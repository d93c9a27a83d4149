/** Refuses paths that leave the worktree, lead into git's own folder, or go through a link. */
import { toSkeinError } from '#protocol/errors.ts';
import { assertEditPath, findFile } from '#workspace/edit-path.ts';
import { accept, refuse, type Guardrail } from './guardrail.ts';

/** Safety: where an edit may write at all. */
export const pathGuardrail: Guardrail = {
  name: 'path',
  judge: async ({ path }, root) => {
    try {
      assertEditPath(path);
      if (findFile(root, path) === null) return refuse('path', 'there is no such file', [path]);
      return accept;
    } catch (error) {
      return refuse('path', toSkeinError(error).message, [path]);
    }
  },
};
