/**
 * One life of a node: the real writer (its loop, its core, deciders, reducers) over databases in
 * memory, the real supervisor with its agents and the effect protocol, a simulated world. It ends
 * with a crash, or when the story is told.
 */
import { EventEmitter } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { makeMemoryBus } from '#bus/memory-bus.ts';
import { deciders, reducers } from '#daemon/state-tables.ts';
import type { Signer } from '#identity/signer.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { countRows, makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { getBlob } from '#ledger/store/blob-store.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import { serveWriter } from '#ledger/writer-loop.ts';
import type { WriterAnswer, WriterMessage, WriterRequest } from '#ledger/writer-protocol.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { fromErrorBody, type SkeinError } from '#protocol/errors.ts';
import { Supervisor } from '#supervisor/supervisor.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { SPACE } from '../../support/test-ledger.ts';
import { Crashed, type SimDisk } from './sim-disk.ts';
import { makeSimWorld, writePastDoor } from '../world/sim-world.ts';
import { TOP } from '../world/world-state.ts';
import type { Sleepers } from './hangs.ts';
import type { Scheduler, SimClock } from './scheduler.ts';
import { makeSimCrew, type Lie } from './sim-crew.ts';

/** The channel on which the writer is asked; draining it wakes a frozen writer. */
export const WRITER = 'writer';

/** A command that was answered with a receipt. */
export interface Acknowledged {
  readonly command: Command;
  readonly speaker: Speaker;
  readonly receipt: Receipt;
}

/** What a life is made of. */
export interface LifeOptions {
  readonly disk: SimDisk;
  readonly scheduler: Scheduler;
  readonly clock: SimClock;
  readonly signer: Signer;
  readonly epoch: number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly newId: () => string;
  readonly acknowledge: (done: Acknowledged) => void;
  /** Told of every command as it is sent, and of every sign of life of a lease's holder. */
  readonly sent: (command: Command) => void;
  readonly alive: (lease: string) => void;
  readonly sleepers: Sleepers;
  readonly lies: readonly Lie[];
}

/** A node at work. */
export interface Life {
  readonly epoch: number;
  readonly ledger: Ledger;
  readonly supervisor: Supervisor;
  /** What the supervisor could not put on the record. */
  readonly reports: readonly SkeinError[];
  /** What the world saw and must not see. */
  readonly violations: readonly string[];
}

/** Opens the record as a node does (anchor first) and serves it. */
export function startLife(options: LifeOptions): Life {
  const { disk, epoch } = options;
  const problem = anchorProblem(disk.ledger, disk.head);
  if (problem !== undefined) throw problem;
  const ledger = startWriter(options);
  const reports: SkeinError[] = [];
  const violations: string[] = [];
  const supervisor = startSupervisor(options, ledger, {
    report: (error) => void reports.push(error),
    violate: (state) => void violations.push(state),
  });
  return { epoch, ledger, supervisor, reports, violations };
}

interface Ears {
  readonly report: (error: SkeinError) => void;
  readonly violate: (state: string) => void;
}

function startSupervisor(
  options: LifeOptions,
  ledger: Ledger,
  { report, violate }: Ears,
): Supervisor {
  const { disk, scheduler, clock, epoch, newId, sleepers, lies, alive } = options;
  const turn = (): Promise<void> => scheduler.turn();
  const after = (ms: number, callback: () => void): (() => void) => scheduler.after(ms, callback);
  const { crew, writerProblem, hang, pause } = makeSimCrew({
    world: disk.world,
    turn,
    hang: sleepers.hang,
    alive,
    lies,
    writePastDoor: (mission, path) => writePastDoor(disk, mission, path),
  });
  const isOpen = (key: string): boolean => hasOpenEffect(ledger, key);
  return new Supervisor({
    crew,
    world: makeSimWorld({ disk, turn, hang, isOpen, writerProblem, violate }),
    bus: makeMemoryBus({ soon: (run) => scheduler.post('bus', run), after, report }),
    jobs: 2,
    worktrees: '/worktrees',
    scratch: '/scratch',
    epoch,
    now: () => clock.wallMs,
    monotonicMs: () => clock.monotonicMs,
    newId,
    after,
    ledgerOf: () => Promise.resolve(ledger),
    projectOf: () => ({ repository: TOP, searchPath: '' }),
    pause,
    report,
  });
}

/** Whether the effect is open, or one whose key goes on after it: what is done a second time. */
const hasOpenEffect = ({ read }: Ledger, key: string): boolean =>
  read.entities('effect', key).some(({ id, body }) => {
    const rest = id.slice(key.length);
    const isOne = rest === '' || key.endsWith('/') || /^[@#]/.test(rest);
    return isOne && (body as EffectState).status === 'intended';
  });

function startWriter(options: LifeOptions): Ledger {
  const { disk, scheduler, clock, epoch, random, signer } = options;
  const port = new EventEmitter();
  const core = new LedgerCore({
    database: disk.ledger,
    space: SPACE,
    signer,
    epoch,
    now: () => clock.wallMs,
    random,
    deciders,
    reducers,
  });
  const client = makeClient(options, (request) =>
    scheduler.post(WRITER, () => mayCrash(() => port.emit('message', [request]))),
  );
  const answering = {
    on: port.on.bind(port),
    close: () => undefined,
    postMessage: (message: WriterMessage) =>
      scheduler.post('client', () => client.receive(message)),
  };
  serveWriter(
    {
      core,
      ledger: disk.ledger,
      blobs: disk.blobs,
      head: disk.headFile,
      timers: {
        soon: (callback) => scheduler.post(WRITER, () => mayCrash(callback)),
        after: (ms, callback) => scheduler.after(ms, callback),
      },
    },
    answering as unknown as MessagePort,
  );
  return client.ledger;
}

/** A crash ends the thread it happens in, silently. */
function mayCrash(run: () => void): void {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof Crashed)) throw thrown;
  }
}

interface Call {
  readonly resolve: (answer: WriterAnswer) => void;
  readonly reject: (error: SkeinError) => void;
}

type Request<R = WriterRequest> = R extends { call: number } ? Omit<R, 'call'> : never;

function makeClient(
  { disk, acknowledge, sent }: LifeOptions,
  send: (request: WriterRequest) => void,
) {
  const calls = new Map<number, Call>();
  const read = makeLedgerReader(disk.ledger);
  let last = 0;
  const call = (request: Request): Promise<WriterAnswer> =>
    new Promise((resolve, reject) => {
      last += 1;
      calls.set(last, { resolve, reject });
      send({ ...request, call: last } as WriterRequest);
    });
  const put = async (content: Uint8Array) => {
    const answer = await call({ type: 'blob', content });
    return (answer as Extract<WriterAnswer, { blob: unknown }>).blob;
  };
  const ledger: Ledger = {
    space: SPACE,
    read,
    execute: async (command, speaker) => {
      sent(command);
      const answer = await call({ type: 'execute', pending: { command, speaker } });
      const { receipt } = answer as Extract<WriterAnswer, { receipt: unknown }>;
      acknowledge({ command, speaker, receipt });
      return receipt;
    },
    subscribe: () => {
      throw new Error('nobody subscribes here');
    },
    exchange: {
      heads: () => [],
      page: () => undefined,
      take: () => Promise.reject(new Error('this node is alone')),
      hasBlob: () => false,
    },
    stats: () => ({ ...countRows(disk.ledger), ledgerBytes: 0, blobBytes: 0, redacted: 0 }),
    blobs: {
      put,
      putText: (text) => put(Buffer.from(text)),
      get: (hash) => getBlob(disk.blobs, hash),
    },
    close: () => Promise.resolve(),
  };
  const receive = (message: WriterMessage): void => {
    if (message.type !== 'flushed') return;
    for (const answer of message.answers) {
      const waiting = calls.get(answer.call);
      calls.delete(answer.call);
      if ('error' in answer) waiting?.reject(fromErrorBody(answer.error));
      else waiting?.resolve(answer);
    }
  };
  return { ledger, receive };
}
