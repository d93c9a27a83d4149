/**
 * Runs what somebody asks for and puts it on the record: who, which program, behind which walls, what
 * came of it, what it cost. The start is durable before the program runs, the end before its answer.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Limits } from '#sandbox/limits.ts';
import type {
  CallTool,
  Enclosure,
  InputFile,
  Sandbox,
  SandboxEvent,
  SandboxRequest,
  SandboxResult,
} from '#sandbox/sandbox.ts';
import { FairQueue } from './fair-queue.ts';
import type { OpenRuns } from './open-runs.ts';
import {
  shortText,
  writeAbandoned,
  writeAccess,
  writeFinished,
  writeNote,
  writeStarted,
  type NoteWriter,
} from './run-notes.ts';
import { ToldChannel } from './told-channel.ts';
import { unifiedDiff } from './unified-diff.ts';

/** A run that somebody asks for. */
export interface RunOrder {
  readonly request: Omit<SandboxRequest, 'signal' | 'beforeStart' | 'callTool'>;
  readonly callTool?: CallTool;
  readonly speaker: Speaker;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
}

/** What is told of a run, in order: `begun` first, `ended` last. */
export type RunTold =
  | {
      readonly type: 'begun';
      readonly run: string;
      readonly space: string;
      readonly enclosure: Enclosure;
      readonly limits: Limits;
    }
  | Exclude<SandboxEvent, { readonly type: 'started' }>
  | {
      readonly type: 'ended';
      readonly run: string;
      readonly space: string;
      readonly result: SandboxResult;
      readonly diff: string;
    };

/** What it is made of. */
export interface RecordedSandboxParts {
  readonly sandbox: Sandbox;
  readonly openRuns: OpenRuns;
  /** How many run at once. */
  readonly atOnce: number;
  readonly newId: () => string;
  readonly now: () => number;
  readonly report: (thrown: unknown) => void;
}

/** What may wait for its turn. */
const WAITING = { waiting: 64, waitingOfOne: 16 } as const;

/** How often one run may ask for a tool, or of the network: each is a note on the record. */
const MOST_ASKED = 1_000;

/** The sandbox of a node as people and agents use it. */
export class RecordedSandbox {
  readonly #parts: RecordedSandboxParts;
  readonly #queue: FairQueue;
  readonly #stop = new AbortController();
  readonly #driven = new Set<Promise<void>>();

  constructor(parts: RecordedSandboxParts) {
    this.#parts = parts;
    this.#queue = new FairQueue({ atOnce: parts.atOnce, ...WAITING });
  }

  /** Runs under way and waiting. */
  get sizes(): { readonly running: number; readonly waiting: number } {
    return this.#queue.sizes;
  }

  /**
   * Runs it, when its turn has come, whether or not what is told is read; ends it when the order's
   * signal fires. Throws what a sandbox throws, `sandbox-busy` when too many wait.
   */
  run(order: RunOrder): AsyncIterable<RunTold> {
    const channel = new ToldChannel<RunTold>();
    const signal = AbortSignal.any([order.signal, this.#stop.signal]);
    signal.addEventListener('abort', () => channel.abandon(), { once: true });
    const driven = this.#drive({ ...order, signal }, channel).then(
      () => channel.end(),
      (thrown: unknown) => channel.end({ thrown }),
    );
    this.#driven.add(driven);
    void driven.then(() => this.#driven.delete(driven));
    return channel;
  }

  /** Kills what runs; resolves when the ends are on the record. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#driven);
    await this.#parts.sandbox.close();
  }

  async #drive(order: RunOrder, channel: ToldChannel<RunTold>): Promise<void> {
    const leave = await this.#queue.enter(order.speaker.actor, order.signal);
    try {
      await new RecordedRun(this.#parts, order, channel).play();
    } finally {
      leave();
    }
  }
}

/** One run from its start to its end. */
class RecordedRun {
  readonly #parts: RecordedSandboxParts;
  readonly #order: RunOrder;
  readonly #channel: ToldChannel<RunTold>;
  readonly #writer: NoteWriter;
  readonly #startCommand: string;
  readonly #finishCommand: string;
  readonly #startedMs: number;
  #started: Promise<void> | undefined;
  #asked = 0;

  constructor(parts: RecordedSandboxParts, order: RunOrder, channel: ToldChannel<RunTold>) {
    const { newId } = parts;
    this.#parts = parts;
    this.#order = order;
    this.#channel = channel;
    this.#writer = { ledger: order.ledger, speaker: order.speaker, run: newId(), newId };
    this.#startCommand = newId();
    this.#finishCommand = newId();
    this.#startedMs = parts.now();
  }

  async play(): Promise<void> {
    const { sandbox, openRuns } = this.#parts;
    const { request, callTool, signal } = this.#order;
    const started = sandbox.run({
      ...request,
      ...(callTool === undefined ? {} : { callTool: this.#recorded(callTool) }),
      beforeStart: (enclosure, limits) => this.#begin(enclosure, limits),
      signal,
    });
    const following = this.#follow(started.events, started.kill);
    // Whatever goes wrong while following is thrown below, after the result.
    following.catch(() => undefined);
    try {
      const result = await started.result;
      await following;
      await this.#finish(result);
    } catch (thrown) {
      await this.#abandon(thrown);
      throw thrown;
    }
    openRuns.remove(this.#writer.run);
  }

  /** Records the start, once. */
  #begin(enclosure: Enclosure, limits: Limits): Promise<void> {
    this.#started ??= (async () => {
      const { run, ledger } = this.#writer;
      const [last] = ledger.read.events({ after: 0, newestFirst: true, limit: 1 });
      this.#parts.openRuns.add({
        run,
        space: ledger.space,
        position: last?.position ?? 0,
        startedMs: this.#startedMs,
        finishCommand: this.#finishCommand,
      });
      const held = { enclosure, limits };
      await writeStarted(this.#writer, this.#order.request, held, this.#startCommand);
    })();
    return this.#started;
  }

  async #follow(events: AsyncIterable<SandboxEvent>, kill: () => Promise<void>): Promise<void> {
    const { run, ledger } = this.#writer;
    let asked = 0;
    for await (const event of events) {
      if (event.type === 'started') {
        const { enclosure, limits } = event;
        await this.#begin(enclosure, limits);
        await this.#channel.push({ type: 'begun', run, space: ledger.space, enclosure, limits });
        continue;
      }
      if (event.type === 'network') {
        asked += 1;
        if (asked > MOST_ASKED) await kill();
        else await writeAccess(this.#writer, event.access);
      }
      await this.#channel.push(event);
    }
  }

  /** A tool that tells on the record that it was called, before its answer is given. */
  #recorded(callTool: CallTool): CallTool {
    return async (tool, args) => {
      this.#asked += 1;
      if (this.#asked > MOST_ASKED) {
        throw new SkeinError('limit-reached', `Cannot call ${shortText(tool)}: too many calls`);
      }
      const tell = (outcome: object): Promise<void> =>
        writeNote(this.#writer, 'sandbox.tool-called', { tool: shortText(tool), ...outcome });
      try {
        const answer = await callTool(tool, args);
        await tell({ failed: false });
        return answer;
      } catch (thrown) {
        await tell({ failed: true, error: toSkeinError(thrown).name });
        throw thrown;
      }
    };
  }

  async #finish(result: SandboxResult): Promise<void> {
    await this.#begin(result.enclosure, result.limits);
    const { run, ledger } = this.#writer;
    const diff = diffOf(this.#order.request.files ?? [], result);
    await writeFinished(this.#writer, result, diff, this.#finishCommand);
    await this.#channel.push({ type: 'ended', run, space: ledger.space, result, diff });
  }

  /** A run that never began leaves nothing; the end of one that did is recorded, or left to the next node. */
  async #abandon(thrown: unknown): Promise<void> {
    const { openRuns, now, report } = this.#parts;
    try {
      if (this.#started !== undefined) {
        await this.#started;
        const { name, message } = toSkeinError(thrown);
        const status = name === 'interrupted' ? 'killed' : 'failed';
        const end = { reason: `${name}: ${message}`, durationMs: now() - this.#startedMs };
        await writeAbandoned(this.#writer, status, end, this.#finishCommand);
      }
      openRuns.remove(this.#writer.run);
    } catch (unrecorded) {
      report(unrecorded);
    }
  }
}

function diffOf(given: readonly InputFile[], { changed }: SandboxResult): string {
  const before = new Map(given.map(({ path, content }) => [path, content]));
  return unifiedDiff(
    changed.map(({ path, content }) => ({
      path,
      before: before.get(path) ?? null,
      after: content,
    })),
  );
}
