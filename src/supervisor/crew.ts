/** Who and what the supervisor works with: agents, guardrails, recipes. */
import type { Coder } from '#agents/coder.ts';
import type { Critic } from '#agents/critic.ts';
import type { Runner } from '#agents/runner.ts';
import type { Scout } from '#agents/scout.ts';
import type { SwarmAgent, SwarmAgentOptions } from '#agents/swarm-agent.ts';
import type { ChangeGuardrail } from '#guardrails/new-type-errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { Recipe } from './recipe.ts';

/**
 * What the agents of a node can do, by role; the guardrails on whole changes; the recipes it plans
 * by, its own and those that a repository has at a git commit.
 */
export interface Crew {
  readonly scout: Scout;
  readonly coder: Coder;
  readonly critic: Critic;
  readonly runner: Runner;
  readonly makeAgent: (options: SwarmAgentOptions) => SwarmAgent;
  readonly changeGuardrails: readonly ChangeGuardrail[];
  readonly recipes: readonly Recipe[];
  readonly recipesOf?: (repository: Repository, base: string) => Promise<readonly Recipe[]>;
}
