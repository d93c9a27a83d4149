/** The ordered list of guardrails. The order is Safety > Swarm > Mission; the first veto counts. */
import type { EditJudge } from '#workspace/apply-edit.ts';
import { baseHashGuardrail } from './base-hash.ts';
import { accept, type Guardrail } from './guardrail.ts';
import { parsesGuardrail } from './parses.ts';
import { pathGuardrail } from './path-guardrail.ts';

/** All guardrails on single edits. */
export const GUARDRAILS: readonly Guardrail[] = [pathGuardrail, baseHashGuardrail, parsesGuardrail];

/** The reflex made of `guardrails`, asked in order. */
export function makeReflex(guardrails: readonly Guardrail[]): EditJudge {
  return {
    guardrails: guardrails.map(({ name }) => name),
    judge: async (edit, root) => {
      for (const guardrail of guardrails) {
        const verdict = await guardrail.judge(edit, root);
        if (verdict.type === 'refuse') return verdict;
      }
      return accept;
    },
  };
}
