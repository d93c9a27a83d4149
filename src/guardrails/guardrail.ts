/** A guardrail: a deterministic check of one edit that may veto it. No model, no side effect. */
import type { ProposedEdit, Verdict } from '#workspace/apply-edit.ts';

/** `judge` looks at an edit of the worktree at `root`; it answers in milliseconds. */
export interface Guardrail {
  readonly name: string;
  readonly judge: (edit: ProposedEdit, root: string) => Promise<Verdict>;
}

/** The verdict that lets an edit pass. */
export const accept: Verdict = { type: 'accept' };

/** The verdict that stops an edit. */
export const refuse = (guardrail: string, reason: string, places: readonly string[]): Verdict => ({
  type: 'refuse',
  guardrail,
  reason,
  places,
});
