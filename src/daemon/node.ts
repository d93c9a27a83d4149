/** Composition root: builds every part of a node, serves its door, and takes it all down again. */
import { randomFillSync } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { getRequestListener } from '@hono/node-server';
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCoder } from '#agents/coder.ts';
import { makeCritic } from '#agents/critic.ts';
import { makeRunner } from '#agents/runner.ts';
import { makeScout } from '#agents/scout.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import type { Door } from '#api/door.ts';
import { makeApi } from '#api/routes.ts';
import { makeMemoryBus } from '#bus/memory-bus.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { newTypeErrors } from '#guardrails/new-type-errors.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { isToken, openPersonToken } from '#identity/person-token.ts';
import { makeRedactor, secretsOf, type Redactor } from '#lib/redact.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { RECIPES } from '#supervisor/recipes.ts';
import { readYamlRecipes } from '#supervisor/recipes/yaml-recipe.ts';
import { Supervisor } from '#supervisor/supervisor.ts';
import { localWorld } from '#workspace/local-world.ts';
import type { HomePaths } from './home/home-paths.ts';
import { prepareHome, takeOwnership } from './home/home.ts';
import { idleTimer } from './idle-timer.ts';
import { listEntities } from './list-entities.ts';
import type { CommandParts } from './commands/command-parts.ts';
import { executeCommand } from './commands/node-commands.ts';
import { nodeStatus } from './node-status.ts';
import { faultPause, pausingScout } from './fault-pause.ts';
import { Spaces } from './spaces.ts';

/** A node at work; `closed` resolves when it has stopped. */
export interface RunningNode {
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

/** Settings of a node. It stops by itself after `idleMs` without requests and missions. */
export interface NodeOptions {
  readonly paths: HomePaths;
  readonly idleMs: number;
  readonly env: NodeJS.ProcessEnv;
}

/** How long a closing node goes on serving, so that followers get the last events. */
const LAST_WORDS_MS = 100;

/** How many tasks of a mission are at work at once at the most, when nobody said how many. */
const MOST_JOBS = 8;

const defaultJobs = (): number => Math.min(MOST_JOBS, 1 + availableParallelism());

/** How long a node that has closed its files waits for the last answers to be taken. */
const LEAVE_MS = 1_000;

/** Starts the one node of a home. Throws `home-owned` when another process serves it. */
export async function startNode({ paths, idleMs, env }: NodeOptions): Promise<RunningNode> {
  prepareHome(paths);
  const ownership = takeOwnership(paths);
  assertKeyNotLost(paths);
  const signer = openNodeKey(paths.nodeKey);
  const token = openPersonToken(paths.personToken);
  const nodeName = signer.key.slice(0, 16);
  const secrets = secretsOf(env).set('person-token', token);
  const redact = makeRedactor(secrets);
  const spaces = new Spaces({
    paths,
    epoch: ownership.epoch,
    node: nodeName,
    redact,
    report: (error) => reporter(redact)(toSkeinError(error)),
  });
  const supervisor = makeSupervisor(paths, spaces, { env, epoch: ownership.epoch, redact });
  const ended = Promise.withResolvers<void>();
  const idle = idleTimer(
    idleMs,
    () => supervisor.atWork.length > 0,
    () => void close(),
  );
  const parts: CommandParts = {
    supervisor,
    spaces,
    paths,
    stop: () => close(),
  };
  const door = makeDoor(parts, {
    epoch: ownership.epoch,
    key: signer.key,
    token,
    enter: idle.enter,
  });
  const server = createServer(getRequestListener(makeApi(door).fetch));
  await listen(server, paths.socket);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      idle.stop();
      const { left } = await shutDown(parts, server);
      ownership.release();
      void Promise.race([left, sleep(LEAVE_MS)]).then(() => ended.resolve());
    })();
    return closing;
  };
  return { closed: ended.promise, close };
}

/**
 * Closes what holds files. Nobody new comes in, but whoever asked us to stop is answered after it:
 * the answer resolves when all have left.
 */
async function shutDown(
  { supervisor, spaces, paths }: CommandParts,
  server: Server,
): Promise<{ readonly left: Promise<unknown> }> {
  await supervisor.close();
  // Who follows a mission that was interrupted just now shall hear of it.
  await sleep(LAST_WORDS_MS);
  const left = new Promise((resolve) => server.close(resolve));
  await spaces.close();
  rmSync(paths.socket, { force: true });
  return { left };
}

interface SupervisorSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly epoch: number;
  readonly redact: Redactor;
}

/** The supervisor with its agents, guardrails, clock and world: the real ones. */
function makeSupervisor(
  paths: HomePaths,
  spaces: Spaces,
  { env, epoch, redact }: SupervisorSettings,
): Supervisor {
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
    world: localWorld,
    bus: makeMemoryBus({ soon: setImmediate, after, report: reporter(redact) }),
    jobs: defaultJobs(),
    // git names worktrees by their real path; ours must be spelled the same
    worktrees: realpathSync(paths.worktrees),
    scratch: paths.scratch,
    epoch,
    now: Date.now,
    monotonicMs: () => performance.now(),
    newId: makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) }),
    after,
    ledgerOf: (repository, searchPath) => spaces.forRepository(repository, searchPath),
    projectOf: (space) => spaces.project(space),
    pause: faultPause(env),
    report: reporter(redact),
  });
}

const after = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** A new key is a new node: it could never continue the records that are here. */
function assertKeyNotLost({ nodeKey, spaces }: HomePaths): void {
  if (existsSync(nodeKey) || readdirSync(spaces).length === 0) return;
  throw new SkeinError(
    'key-invalid',
    `Cannot start: ${nodeKey} is gone, and this home has records`,
    {
      fix: 'Restore the file from a backup. To begin anew, use another home (--home).',
    },
  );
}

/** Tells the log, without secrets, what could not be put on the record. */
const reporter =
  (redact: Redactor) =>
  (error: Error): void =>
    void process.stderr.write(redact(`${error.stack ?? error.message}\n`).text);

/** The lock is ours, so a socket that lies there belongs to nobody. */
async function listen(server: Server, socket: string): Promise<void> {
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
}

interface DoorIdentity {
  readonly epoch: number;
  readonly key: string;
  readonly token: string;
  readonly enter: () => () => void;
}

function makeDoor(parts: CommandParts, { epoch, key, token, enter }: DoorIdentity): Door {
  const { spaces, supervisor, paths } = parts;
  return {
    identify: (given) =>
      isToken(given, token) ? { actor: 'person:owner', authority: 'human' } : undefined,
    execute: (command, speaker) => executeCommand(parts, command, speaker),
    entities: (query) => listEntities(spaces, query),
    ledger: (space) => spaces.open(space),
    atWork: () => supervisor.atWork,
    work: () => ({ agents: supervisor.agents, jobs: defaultJobs(), epoch }),
    status: () => nodeStatus({ spaces, supervisor, paths }, { epoch, key }),
    enter,
  };
}
