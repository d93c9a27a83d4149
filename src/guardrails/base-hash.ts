/** Refuses an edit that was made from other bytes than those on the disk: a lost update. */
import { hashFile } from '#workspace/file-edit.ts';
import { accept, refuse, type Guardrail } from './guardrail.ts';

/** Swarm: nobody overwrites what somebody else wrote meanwhile. */
export const baseHashGuardrail: Guardrail = {
  name: 'base-hash',
  judge: async ({ path, baseHash }, root) => {
    const found = await hashFile(root, path);
    if (found === baseHash) return accept;
    return refuse('base-hash', 'the file has changed since the edit was planned', [path]);
  },
};
