/** Composition root: builds every part of a node, serves its door, and takes it all down again. */
import { randomFillSync } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { getRequestListener } from '@hono/node-server';
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeApi } from '#api/routes.ts';
import type { Bus } from '#bus/bus.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import { makeMemoryBus } from '#bus/memory-bus.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { openDerivedKey, seedOf } from '#identity/derive-key.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { openPersonToken } from '#identity/person-token.ts';
import type { Signer } from '#identity/signer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { makeRedactor, secretsOf, type Redactor } from '#lib/redact.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { inTurn } from '#registry/pick-agent.ts';
import type { Link } from '#sync/link/link.ts';
import type { Supervisor } from '#supervisor/supervisor.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { localWorld } from '#workspace/local-world.ts';
import type { HomePaths } from './home/home-paths.ts';
import { prepareHome, takeOwnership } from './home/home.ts';
import { removeLeftFolders } from './home/left-folders.ts';
import { idleTimer } from './idle-timer.ts';
import { makeNodeMetrics, type NodeMetrics } from './node-metrics.ts';
import { AgentTokens } from './agent-tokens.ts';
import type { CommandParts } from './commands/command-parts.ts';
import { makeBusDoor } from './messages/bus-door.ts';
import { Mailrooms } from './messages/mailrooms.ts';
import { makeDoor } from './commands/node-door.ts';
import { makeNodeSupervisor, type NodeSupervisorParts } from './node-supervisor.ts';
import { outliveLateErrors } from './network/late-errors.ts';
import { changeNetworkConfig } from './network/network-config.ts';
import { Network, type NetworkOptions } from './network/network.ts';
import { countingBus, makeNetworkMeter } from './metrics/network-meter.ts';
import { measureNetwork } from './metrics/network-metrics.ts';
import type { SpaceWatch } from './metrics/space-metrics.ts';
import { makeNodePrograms } from './programs/node-programs.ts';
import { makeNodeSandbox, type NodeSandbox, type OpenNodeSandbox } from './sandbox/node-sandbox.ts';
import { sandboxOpener } from './sandbox/sandbox-opener.ts';
import { makeToolCaller } from './sandbox/tool-caller.ts';
import { Spaces } from './spaces.ts';
import { FarWork } from './workers/far-work.ts';

/** A node at work; `closed` resolves when it has stopped. */
export interface RunningNode {
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
  readonly metrics: Metrics;
}

/** Settings of a node. It stops by itself after `idleMs` without requests and missions. */
export interface NodeOptions {
  readonly paths: HomePaths;
  readonly idleMs: number;
  readonly env: NodeJS.ProcessEnv;
  /** Settings of the network that are to change, as they were typed. */
  readonly network?: object;
  /** Opens another sandbox than that of this machine. */
  readonly openSandbox?: OpenNodeSandbox;
}

/** How long a closing node goes on serving, so that followers get the last events. */
const LAST_WORDS_MS = 100;

/** How many tasks of a mission are at work at once at the most, when nobody said how many. */
const MOST_JOBS = 8;

const defaultJobs = (): number => Math.min(MOST_JOBS, 1 + availableParallelism());

/** How long a node that has closed its files waits for the last answers to be taken. */
const LEAVE_MS = 1_000;

/** What all parts of a node share. */
interface Ground {
  readonly options: NodeOptions;
  readonly epoch: number;
  readonly signer: Signer;
  readonly token: string;
  readonly bus: Bus;
  readonly redact: Redactor;
  readonly report: (error: Error) => void;
  readonly measured: NodeMetrics;
}

/** Starts the one node of a home. Throws `home-owned` when another process serves it. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { paths, idleMs, network: change } = options;
  prepareHome(paths);
  const ownership = takeOwnership(paths);
  assertKeyNotLost(paths);
  if (change !== undefined) changeNetworkConfig(paths.network, change);
  const ground = openGround(options, ownership.epoch);
  const { measured, report } = ground;
  outliveLateErrors(report);
  removeLeftFolders([paths.scratch, paths.runs]).catch((thrown: unknown) =>
    report(toSkeinError(thrown)),
  );
  const { parts, close: closeParts } = makeParts(ground, () => close());
  const { network, supervisor } = parts;
  const sandbox = makeSandbox(parts, ground);
  const ended = Promise.withResolvers<void>();
  const idle = idleTimer(
    idleMs,
    () => supervisor.atWork.length > 0 || network.isConnected || sandbox.isBusy(),
    () => void close(),
  );
  const door = makeDoor(parts, {
    epoch: ground.epoch,
    key: ground.signer.key,
    token: ground.token,
    jobs: defaultJobs,
    enter: idle.enter,
    metrics: measured.api,
    bus: makeBusDoor(parts, after),
    sandbox: sandbox.door,
  });
  const server = createServer(getRequestListener(makeApi(door).fetch));
  await listen(server, paths.socket);
  // Whoever waits for the node need not wait for other nodes.
  network.start().catch((thrown: unknown) => report(toSkeinError(thrown)));
  sandbox.closeLeft().catch((thrown: unknown) => report(toSkeinError(thrown)));

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      idle.stop();
      await sandbox.close();
      const { left } = await shutDown(parts, server, closeParts);
      measured.close();
      ownership.release();
      void Promise.race([left, sleep(LEAVE_MS)]).then(() => ended.resolve());
    })();
    return closing;
  };
  return { closed: ended.promise, close, metrics: measured.metrics };
}

function openGround(options: NodeOptions, epoch: number): Ground {
  const { paths, env } = options;
  const signer = openNodeKey(paths.nodeKey);
  const token = openPersonToken(paths.personToken);
  const secrets = secretsOf(env).set('person-token', token);
  const measured = makeNodeMetrics({
    key: signer.key,
    epoch,
    report: (thrown) => reporter(redact)(toSkeinError(thrown)),
  });
  const redact = measured.counting(makeRedactor(secrets));
  const report = reporter(redact);
  const bus = countingBus(makeMemoryBus({ soon: setImmediate, after, report }), measured.metrics);
  return { options, epoch, signer, token, bus, redact, report, measured };
}

/** Programs of others are run by it. */
function makeSandbox(parts: CommandParts, ground: Ground): NodeSandbox {
  const {
    paths,
    env,
    openSandbox: open = sandboxOpener(paths, env, parts.programs),
  } = ground.options;
  const report = (thrown: unknown): void => ground.report(toSkeinError(thrown));
  return makeNodeSandbox({ parts, open, toolsFor: makeToolCaller(parts), report });
}

/** Builds all parts; they know of each other only what they are handed here. */
function makeParts(
  ground: Ground,
  stop: () => Promise<void>,
): { readonly parts: CommandParts; readonly close: () => Promise<void> } {
  const { options, epoch, signer, bus, redact, measured } = ground;
  const { paths, env } = options;
  const report = (thrown: unknown): void => ground.report(toSkeinError(thrown));
  const spaces = new Spaces({
    paths,
    epoch,
    node: signer.key.slice(0, 16),
    redact,
    report,
    watch: watchedBy(measured.spaces, () => network),
  });
  const secret = secretOf(paths);
  const farWork = makeFarWork(ground, secret);
  const remoteOf: NodeSupervisorParts['remoteOf'] = (space) => farWork.remoteOf(space);
  const programs = makeNodePrograms(paths, env);
  const supervisor = supervisorOf(ground, { spaces, remoteOf, host: programs.host });
  measured.observe(supervisor, () => spaces.list());
  const mailrooms = makeMailrooms(ground, secret, () => network);
  const mailroomOf = (ledger: Ledger): Mailroom => mailrooms.of(ledger);
  const network: Network = new Network({
    paths,
    spaces,
    signer,
    epoch,
    newId,
    bus,
    mailroomOf,
    searchPath: env['PATH'] ?? '',
    report,
    metrics: measured.metrics,
    meter: makeNetworkMeter(measured.metrics),
    methods: farWork.methods,
    work: workBy(farWork, () => network.config.workers),
  });
  const parts: CommandParts = {
    supervisor,
    programs,
    spaces,
    paths,
    key: signer.key,
    tokens: new AgentTokens(paths.agentTokens),
    mailroomOf,
    network,
    presenceOf: (space, agent) => network.desks.get(space)?.registry.agent(agent)?.presence,
    preferOf: makePreferring(network),
    now: Date.now,
    newId,
    stop,
  };
  const stopMeasuring = measureNetwork(measured.metrics, network, signer.key);
  const close = async (): Promise<void> => {
    stopMeasuring();
    await network.close();
    await mailrooms.close();
  };
  return { parts, close };
}

/**
 * Closes what holds files. Nobody new comes in, but whoever asked us to stop is answered after it:
 * the answer resolves when all have left.
 */
async function shutDown(
  { supervisor, spaces, paths }: CommandParts,
  server: Server,
  closeMessages: () => Promise<void>,
): Promise<{ readonly left: Promise<unknown> }> {
  await supervisor.close();
  // Who follows a mission that was interrupted just now shall hear of it.
  await sleep(LAST_WORDS_MS);
  const left = new Promise((resolve) => server.close(resolve));
  await closeMessages();
  await spaces.close();
  rmSync(paths.socket, { force: true });
  return { left };
}

/** The inboxes of all spaces; the network, which needs them, is there when they need it. */
const makeMailrooms = (
  { signer, report }: Ground,
  secret: string,
  network: () => Network,
): Mailrooms =>
  new Mailrooms({
    nodeKey: signer.key,
    secret,
    now: Date.now,
    after,
    newId,
    report: (thrown) => report(toSkeinError(thrown)),
    clockOf: (author) => network().clockOf(author),
    fetchBlob: async (space, hash) => (await network().desk(space)).blob(hash),
  });

const supervisorOf = (
  { options, epoch, bus, report }: Ground,
  parts: Pick<NodeSupervisorParts, 'spaces' | 'remoteOf' | 'host'>,
): Supervisor =>
  makeNodeSupervisor({
    ...parts,
    paths: options.paths,
    env: options.env,
    epoch,
    bus,
    newId,
    after,
    jobs: defaultJobs(),
    report,
  });

const newId = makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) });

/** What ids of commands are derived from is a secret: nobody else can take one before. */
const secretOf = ({ nodeKey }: HomePaths): string =>
  seedOf(openDerivedKey(nodeKey, 'derived-ids')).toString('hex');

/** What this node does for others, and others for it. */
const makeFarWork = ({ options, signer, epoch, report }: Ground, secret: string): FarWork =>
  new FarWork({
    node: signer.key,
    secret,
    epoch,
    folder: join(options.paths.home, 'repositories'),
    reflex: makeReflex(GUARDRAILS),
    files: localWorld.files,
    newId,
    after,
    report,
  });

/** Each space that is exchanged is worked in. */
const workBy =
  (farWork: FarWork, workers: () => number): NonNullable<NetworkOptions['work']> =>
  (desk, sync) => {
    const link = (node: string): Link | undefined => sync.peer(node);
    return farWork.open({ ...desk, fetchBlob: desk.blob, link, workers: workers() });
  };

/** How many of a group are named: the record decides which of them may be. */
const MOST_PREFERRED = 16;

/** Turns are counted for each skill, so that equals get as much. */
function makePreferring(network: Network): NonNullable<CommandParts['preferOf']> {
  const turns = new Map<string, number>();
  return (space, skill) => {
    const seen = network.desks.get(space)?.registry.agents({ skill }) ?? [];
    const key = `${space} ${skill}`;
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return inTurn(seen, turn, MOST_PREFERRED);
  };
}

/** Who measures spaces, and the network, hear of the ones that open and close. */
const watchedBy = (measured: SpaceWatch, network: () => Network): SpaceWatch => ({
  opened: (ledger, folder) => {
    const watched = measured.opened(ledger, folder);
    network().spaceOpened(ledger.space);
    return watched;
  },
  closed: (space) => {
    measured.closed(space);
    network().spaceClosed(space);
  },
});

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
