/** Starts programs/writer-child.ts, keeps what it said, and compares that with what it left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reducers } from '#daemon/state-tables.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { verifySignature } from '#identity/signer.ts';
import type { VerifyReport } from '#ledger/ledger.ts';
import { getBlob } from '#ledger/store/blob-store.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import { openForReading } from '#ledger/store/database.ts';
import { readHeadFile } from '#ledger/store/head-file.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { until } from '../support/run-skein.ts';
import { SPACE } from '../support/test-ledger.ts';

const PROGRAM = fileURLToPath(new URL('./programs/writer-child.ts', import.meta.url));

/** What the child is told; `unsafe` and `acknowledgeEarly` are protections turned off. */
export interface ChildOrders {
  readonly folder: string;
  readonly space: string;
  readonly nodeKey: string;
  readonly epoch: number;
  readonly atOnce: number;
  readonly commands: number;
  readonly acknowledgeEarly: boolean;
  readonly unsafe: boolean;
}

/** A child at work. `before` are the words that start it, such as a tracer and its options. */
export interface WriterProcess {
  readonly child: ChildProcess;
  readonly acknowledged: () => string[];
  readonly refused: () => readonly { readonly error: string; readonly id: string }[];
  readonly said: () => string;
  readonly saw: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<void>;
}

/** Orders for a space in `folder`, whose key lies beside it. */
export function ordersFor(folder: string, more: Partial<ChildOrders> = {}): ChildOrders {
  mkdirSync(folder, { recursive: true });
  const nodeKey = join(folder, '..', 'node.key');
  const limits = { atOnce: 8, commands: 1_000_000 };
  const off = { acknowledgeEarly: false, unsafe: false };
  return { folder, space: SPACE, nodeKey, epoch: 1, ...limits, ...off, ...more };
}

/** Starts the child. */
export function startWriter(
  orders: ChildOrders,
  before: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): WriterProcess {
  const [program = '', ...words] = [...before, process.execPath, PROGRAM, JSON.stringify(orders)];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const saw = (pattern: RegExp): Promise<void> =>
    until(`the writer says ${pattern}`, () => {
      if (pattern.test(said)) return true;
      if (child.exitCode === null && child.signalCode === null) return false;
      throw new Error(`the writer ended: ${said}${errors}`);
    });
  // A line that was cut off by the kill is no acknowledgement.
  const lines = (): string[] => said.split('\n').slice(0, -1);
  return {
    child,
    said: () => said + errors,
    saw,
    ended,
    acknowledged: () => lines().flatMap((line) => /^ok (\S+)$/u.exec(line)?.[1] ?? []),
    refused: () =>
      lines().flatMap((line) => {
        const [, error = '', id = ''] = /^refused (\S+) (\S+)$/u.exec(line) ?? [];
        return id === '' ? [] : [{ error, id }];
      }),
  };
}

/** What lies in a folder that a child wrote to. */
export interface Left {
  readonly missing: readonly string[];
  readonly has: (id: string) => boolean;
  readonly events: number;
  readonly anchor: string | undefined;
  readonly report: VerifyReport;
}

/** Looks for the acknowledged ids and their blobs, and verifies the record. */
export function inspect(orders: ChildOrders, acknowledged: readonly string[]): Left {
  const { folder, space, nodeKey } = orders;
  const ledger = openForReading(join(folder, 'ledger.db'));
  const blobs = openForReading(join(folder, 'blobs.db'));
  try {
    const stored = new Map<string, string>();
    for (const { body } of ledger.prepare('SELECT body FROM events').all()) {
      const event = JSON.parse(String(Buffer.from(body as Uint8Array))) as StoredNote;
      stored.set(event.id, event.data.detail ?? '');
      if (event.data.detail !== undefined) getBlob(blobs, event.data.detail);
    }
    const anchor = anchorProblem(ledger, readHeadFile(join(folder, 'head')))?.message;
    return {
      missing: acknowledged.filter((id) => !stored.has(id)),
      has: (id) => stored.has(id),
      events: stored.size,
      anchor,
      report: verifySpace({
        folder,
        space,
        owner: openNodeKey(nodeKey).key,
        reducers,
        outside: [],
        nowMs: () => 0,
        verifySignature,
      }),
    };
  } finally {
    ledger.close();
    blobs.close();
  }
}

interface StoredNote {
  readonly id: string;
  readonly data: { readonly detail?: string };
}
