/** The agents that the supervisor dispatches to, and what else a node hands it. */
import type { Coder } from '#agents/coder.ts';
import type { Runner } from '#agents/runner.ts';
import type { ChangeGuardrail } from '#guardrails/new-type-errors.ts';

/** The agents of a node by role, and the guardrails on whole changes. */
export interface Crew {
  readonly coder: Coder;
  readonly runner: Runner;
  readonly changeGuardrails: readonly ChangeGuardrail[];
}
