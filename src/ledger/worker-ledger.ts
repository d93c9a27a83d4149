/** A ledger whose writer lives in a worker thread; reads and subscriptions use this thread. */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { redactDeep, type Redactor } from '#lib/redact.ts';
import { fromErrorBody, SkeinError } from '#protocol/errors.ts';
import { plainJsonProblem } from '#protocol/plain-json.ts';
import { makeChainReader } from '#ledger/exchange/read-chains.ts';
import { assertBlobSize, getBlob, hasBlob } from '#ledger/store/blob-store.ts';
import { openForReading } from '#ledger/store/database.ts';
import { askThread } from './ask-thread.ts';
import type { BlobReference, ChainHead, Ledger, LedgerReader, VerifyReport } from './ledger.ts';
import { makeLedgerReader } from './ledger-reader.ts';
import type { SpaceState } from './state/space-reducer.ts';
import { measureSpace } from './space-view.ts';
import { CommitBell, sharePages, subscribe } from './subscription.ts';
import type { WriterAnswer, WriterMessage, WriterRequest } from './writer-protocol.ts';

/** Where a space lives and which programs serve it; functions don't cross threads, files do. */
export interface WorkerLedgerOptions {
  readonly space: string;
  readonly folder: string;
  readonly writerEntry: URL;
  readonly verifierEntry: URL;
  readonly workerData: Readonly<Record<string, unknown>>;
  readonly redact: Redactor;
  /** Called when the writer's thread is gone, for whatever reason: the ledger must be opened anew. */
  readonly ended?: () => void;
}

type Request<R = WriterRequest> = R extends { call: number } ? Omit<R, 'call'> : never;

interface Waiting {
  readonly resolve: (answer: WriterAnswer) => void;
  readonly reject: (error: SkeinError) => void;
}

/** Calls to the writer's thread, answered in flushes. */
class WriterClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #bell: CommitBell;
  #calls = 0;
  #outbox: WriterRequest[] = [];
  /** Why no further call is taken. */
  #gone: SkeinError | undefined;
  readonly #exited: Promise<void>;

  constructor(worker: Worker, bell: CommitBell) {
    this.#worker = worker;
    this.#bell = bell;
    worker.on('message', (message: WriterMessage) => {
      if (message.type === 'flushed') this.#settle(message.answers);
    });
    worker.on('error', (cause) => this.#fail(closed('the writer crashed', cause)));
    worker.on('exit', () => this.#fail(closed('its writer has stopped')));
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
  }

  /** Resolves when the thread has opened its files. */
  async ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#worker.once('error', (cause) => reject(closed('the writer crashed', cause)));
      this.#worker.once('exit', () => reject(closed('its writer has stopped')));
      this.#worker.once('message', (message: WriterMessage) => {
        if (message.type === 'failed') reject(fromErrorBody(message.error));
        else resolve();
      });
    });
  }

  /** Tells the thread to close its files and waits until it is gone; it may be gone already. */
  close(): Promise<void> {
    if (this.#gone !== undefined) return this.#exited;
    this.call({ type: 'close' }).catch(() => undefined);
    this.#gone = closed('it is closed');
    return this.#exited;
  }

  call(request: Request): Promise<WriterAnswer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    this.#calls += 1;
    const call = this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#post({ ...request, call } as WriterRequest);
    });
  }

  /** All calls of one turn travel as one message: each message between threads costs 20 us. */
  #post(request: WriterRequest): void {
    this.#outbox.push(request);
    if (this.#outbox.length > 1) return;
    queueMicrotask(() => {
      const requests = this.#outbox;
      this.#outbox = [];
      this.#worker.postMessage(requests);
    });
  }

  #settle(answers: readonly WriterAnswer[]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.call);
      this.#waiting.delete(answer.call);
      if ('error' in answer) waiting?.reject(fromErrorBody(answer.error));
      else waiting?.resolve(answer);
    }
    this.#bell.ring();
  }

  #fail(error: SkeinError): void {
    this.#gone = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const closed = (state: string, cause?: unknown): SkeinError =>
  new SkeinError('ledger-closed', `Cannot use the ledger: ${state}`, { cause });

/** Opens the ledger of a space, starting its writer's thread. */
export async function openWorkerLedger(options: WorkerLedgerOptions): Promise<Ledger> {
  const bell = new CommitBell();
  const worker = new Worker(options.writerEntry, { workerData: options.workerData });
  const writer = new WriterClient(worker, bell);
  await writer.ready();
  const [reading, blobReading] = ['ledger.db', 'blobs.db'].map((file) =>
    openForReading(join(options.folder, file)),
  ) as [DatabaseSync, DatabaseSync];
  const read = makeLedgerReader(reading);
  const shared = sharePages(read);
  const closing = new AbortController();
  const letGo = (): void => {
    if (closing.signal.aborted) return;
    closing.abort();
    for (const database of [reading, blobReading]) database.close();
  };
  worker.once('exit', () => {
    letGo();
    options.ended?.();
  });
  let redacted = 0;
  return {
    space: options.space,
    read,
    execute: async (command, speaker) => {
      // Before the redactor walks over it: what is no plain data would come out as something else.
      const problem = plainJsonProblem(command.input ?? null, 'input');
      if (problem !== undefined) {
        throw new SkeinError('usage', `Cannot execute ${command.name}: ${problem}`);
      }
      const { value: input, count } = redactDeep(command.input, options.redact);
      redacted += count;
      const pending = { command: { ...command, input }, speaker };
      const answer = await writer.call({ type: 'execute', pending });
      return (answer as Extract<WriterAnswer, { receipt: unknown }>).receipt;
    },
    subscribe: (from) => {
      const signal = AbortSignal.any([closing.signal, ...(from.signal ? [from.signal] : [])]);
      return subscribe(from.follow ? shared : read, bell, { ...from, signal });
    },
    exchange: {
      ...makeChainReader(reading, options.space, () => spaceState(read, options.space)),
      take: async (page, reactions = []) => {
        const answer = await writer.call({ type: 'take', page, reactions });
        return (answer as Extract<WriterAnswer, { taken: unknown }>).taken;
      },
      hasBlob: (hash) => hasBlob(blobReading, hash),
    },
    stats: () => ({
      ...measureSpace(options.folder, reading),
      redacted,
    }),
    blobs: {
      put: (content) => putBlob(writer, content),
      putText: (given) => {
        const { text, count } = options.redact(given);
        redacted += count;
        return putBlob(writer, Buffer.from(text));
      },
      get: (hash) => getBlob(blobReading, hash),
    },
    close: () => {
      letGo();
      return writer.close();
    },
  };
}

const spaceState = (read: LedgerReader, space: string): SpaceState | undefined =>
  read.entity('space', space)?.body as SpaceState | undefined;

async function putBlob(writer: WriterClient, content: Uint8Array): Promise<BlobReference> {
  // Here and not in the writer, where the blobs of others wait in the same transaction.
  assertBlobSize(content);
  const answer = await writer.call({ type: 'blob', content });
  return (answer as Extract<WriterAnswer, { blob: unknown }>).blob;
}

/** Verifies from the files, in a thread of its own: it reads everything. */
export const verifyInThread = (
  { verifierEntry, workerData }: WorkerLedgerOptions,
  outside: readonly ChainHead[],
): Promise<VerifyReport> => askThread(verifierEntry, { ...workerData, outside });
