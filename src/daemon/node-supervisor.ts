/** The supervisor of a node with its agents, guardrails, clock and world: the real ones. */
import { realpathSync } from 'node:fs';
import { makeCoder } from '#agents/coder.ts';
import { makeCritic } from '#agents/critic.ts';
import { makeRunner } from '#agents/runner.ts';
import { makeScout } from '#agents/scout.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { newTypeErrors } from '#guardrails/new-type-errors.ts';
import { RECIPES } from '#supervisor/recipes.ts';
import { readYamlRecipes } from '#supervisor/recipes/yaml-recipe.ts';
import { Supervisor, type SupervisorOptions } from '#supervisor/supervisor.ts';
import { makeLocalWorld } from '#workspace/local-world.ts';
import { faultPause, pausingScout } from './fault-pause.ts';
import type { HomePaths } from './home/home-paths.ts';
import type { NodePrograms } from './programs/node-programs.ts';
import type { Spaces } from './spaces.ts';

/** What it is made of. */
export interface NodeSupervisorParts extends Pick<
  SupervisorOptions,
  'epoch' | 'bus' | 'jobs' | 'newId' | 'after' | 'report'
> {
  readonly paths: HomePaths;
  readonly spaces: Spaces;
  readonly env: NodeJS.ProcessEnv;
  readonly remoteOf: NonNullable<SupervisorOptions['remoteOf']>;
  /** What programs of repositories run behind. */
  readonly host: NodePrograms['host'];
}

/** Makes it. */
export function makeNodeSupervisor(parts: NodeSupervisorParts): Supervisor {
  const { paths, spaces, env, host, epoch, bus, jobs, newId, after, remoteOf, report } = parts;
  return new Supervisor({
    crew: {
      scout: pausingScout(env, makeScout()),
      coder: makeCoder(makeReflex(GUARDRAILS)),
      critic: makeCritic(),
      runner: makeRunner(),
      makeAgent: (options) => new SwarmAgent(options),
      changeGuardrails: [newTypeErrors],
      recipes: RECIPES,
      recipesOf: (repository, base) => readYamlRecipes(repository, base, RECIPES),
    },
    world: makeLocalWorld(host),
    bus,
    jobs,
    // git names worktrees by their real path; ours must be spelled the same
    worktrees: realpathSync(paths.worktrees),
    scratch: paths.scratch,
    epoch,
    now: Date.now,
    monotonicMs: () => performance.now(),
    newId,
    after,
    ledgerOf: (repository, searchPath) => spaces.forRepository(repository, searchPath),
    projectOf: (space) => spaces.project(space),
    remoteOf,
    pause: faultPause(env),
    report,
  });
}
