/** Who and what the supervisor works with: agents, guardrails, recipes. */
import type { Coder } from '#agents/coder.ts';
import type { Runner } from '#agents/runner.ts';
import type { ChangeGuardrail } from '#guardrails/new-type-errors.ts';
import type { Recipe } from './recipe.ts';

/** The agents of a node by role, the guardrails on whole changes, the recipes it plans by. */
export interface Crew {
  readonly coder: Coder;
  readonly runner: Runner;
  readonly changeGuardrails: readonly ChangeGuardrail[];
  readonly recipes: readonly Recipe[];
}
