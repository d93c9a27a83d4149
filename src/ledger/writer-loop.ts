/**
 * The writer's thread: gathers what arrives during one turn of the event loop and stores it as
 * one commit (group commit), blobs first. Answers go out only after the commit is durable.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { MessagePort } from 'node:worker_threads';
import { SkeinError, toErrorBody } from '#protocol/errors.ts';
import { putBlobs } from '#ledger/store/blob-store.ts';
import type { HeadFile } from '#ledger/store/head-file.ts';
import type { LedgerCore } from './ledger-core.ts';
import { isSyncFailure, storageError, unsynced } from '#ledger/store/ledger-state.ts';
import type { WriterAnswer, WriterMessage, WriterRequest } from './writer-protocol.ts';

/** At most this many commands share a commit; more wait for the next turn. */
const MAX_BATCH = 1_000;

/** How often the anchor is made durable while writing, in milliseconds. */
const ANCHOR_SYNC_MS = 1_000;

/** When a writer does what it does not do at once. */
export interface WriterTimers {
  /** After all that has arrived in this turn of the event loop. */
  readonly soon: (callback: () => void) => void;
  /** After so many milliseconds; answers how to cancel that. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** The parts a writer works on; it closes them when it is told to close. */
export interface WriterParts {
  readonly core: LedgerCore;
  readonly ledger: DatabaseSync;
  readonly blobs: DatabaseSync;
  readonly head: HeadFile;
  readonly timers: WriterTimers;
  /** Called once, when the disk has failed to sync and the writer stores nothing any more. */
  readonly stopped?: (error: SkeinError) => void;
}

type Execute = Extract<WriterRequest, { type: 'execute' }>;
type PutBlob = Extract<WriterRequest, { type: 'blob' }>;
type Take = Extract<WriterRequest, { type: 'take' }>;

/** Serves `port` until a close request has been answered. */
export function serveWriter(parts: WriterParts, port: MessagePort): void {
  let queue: WriterRequest[] = [];
  let scheduled = false;
  let cancelSync: (() => void) | undefined;
  const { timers } = parts;
  const send = (message: WriterMessage): void => port.postMessage(message);

  let told = false;
  const tellStopped = (): void => {
    if (told || parts.core.stopped === undefined) return;
    told = true;
    parts.stopped?.(parts.core.stopped);
  };
  const syncLater = (): void => {
    cancelSync ??= timers.after(ANCHOR_SYNC_MS, () => {
      cancelSync = undefined;
      keepAnchor(parts, () => parts.head.sync());
      tellStopped();
    });
  };
  const turn = (): void => {
    const batch = queue.slice(0, MAX_BATCH);
    queue = queue.slice(MAX_BATCH);
    scheduled = queue.length > 0;
    if (scheduled) timers.soon(turn);
    const answers = answerAll(parts, batch);
    tellStopped();
    syncLater();
    const closing = batch.some((request) => request.type === 'close');
    if (closing) {
      cancelSync?.();
      closeParts(parts);
    }
    send({ type: 'flushed', answers, head: parts.core.head });
    if (closing) port.close();
  };

  port.on('message', (requests: readonly WriterRequest[]) => {
    queue.push(...requests);
    if (scheduled) return;
    scheduled = true;
    timers.soon(turn);
  });
  if (parts.core.head !== null) parts.head.write(parts.core.head);
  parts.head.sync();
  send({ type: 'ready' });
}

/** Serves `port` for a record that must not be written to: every request is refused with `error`. */
export function refuseWrites(error: SkeinError, port: MessagePort): void {
  const body = toErrorBody(error);
  port.on('message', (requests: readonly WriterRequest[]) => {
    const answers = requests.map(({ type, call }) =>
      type === 'close' ? { call, closed: true as const } : { call, error: body },
    );
    port.postMessage({ type: 'flushed', answers, head: null } satisfies WriterMessage);
    if (requests.some(({ type }) => type === 'close')) port.close();
  });
  port.postMessage({ type: 'ready' } satisfies WriterMessage);
}

function answerAll(parts: WriterParts, batch: readonly WriterRequest[]): WriterAnswer[] {
  const closes = batch.filter((request) => request.type === 'close');
  return [
    ...storeBlobs(
      parts,
      batch.filter((request) => request.type === 'blob'),
    ),
    ...storeCommands(
      parts,
      batch.filter((request) => request.type === 'execute'),
    ),
    ...takePages(
      parts,
      batch.filter((request) => request.type === 'take'),
    ),
    ...closes.map(({ call }) => ({ call, closed: true }) as const),
  ];
}

function storeBlobs({ blobs, core }: WriterParts, requests: readonly PutBlob[]): WriterAnswer[] {
  if (requests.length === 0) return [];
  try {
    if (core.stopped !== undefined) throw core.stopped;
    const stored = putBlobs(
      blobs,
      requests.map(({ content }) => content),
    );
    return requests.map(({ call }, index) => ({ call, blob: stored[index] as (typeof stored)[0] }));
  } catch (cause) {
    const error = storageError(cause);
    if (error.name === 'storage-unsafe') core.stop(error);
    return requests.map(({ call }) => ({ call, error: toErrorBody(error) }));
  }
}

function storeCommands(parts: WriterParts, requests: readonly Execute[]): WriterAnswer[] {
  if (requests.length === 0) return [];
  const { core, head } = parts;
  const outcomes = core.flush(requests.map(({ pending }) => pending));
  const last = core.head;
  if (last !== null) keepAnchor(parts, () => head.write(last));
  return outcomes.map((outcome, index) => {
    const { call } = requests[index] as Execute;
    if (outcome.type === 'refused') return { call, error: toErrorBody(outcome.error) };
    return { call, receipt: outcome.receipt };
  });
}

/** Pages of one turn are durable with one sync; one that is refused does not disturb the others. */
function takePages(parts: WriterParts, requests: readonly Take[]): WriterAnswer[] {
  if (requests.length === 0) return [];
  const { core, head } = parts;
  const answers = core.takeAll(requests);
  const last = core.head;
  if (last !== null) keepAnchor(parts, () => head.write(last));
  return answers.map((taken, index) => {
    const { call } = requests[index] as Take;
    return taken instanceof SkeinError ? { call, error: toErrorBody(taken) } : { call, taken };
  });
}

/**
 * The commit is durable whatever becomes of its anchor, which may be behind: a full disk is waited
 * out. A sync that failed is another matter: then nothing on this disk can be relied on.
 */
function keepAnchor({ core }: WriterParts, work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (isSyncFailure(cause)) core.stop(unsynced(cause));
  }
}

function closeParts(parts: WriterParts): void {
  const { ledger, blobs, head } = parts;
  keepAnchor(parts, () => {
    head.sync();
    head.close();
  });
  ledger.close();
  blobs.close();
}
