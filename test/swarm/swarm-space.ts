/** A space as a node serves it, with its writer in a thread: the record under tests of the swarm. */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openNodeKey } from '#identity/node-key.ts';
import type { Ledger, VerifyReport } from '#ledger/ledger.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import {
  openWorkerLedger,
  verifyInThread,
  type WorkerLedgerOptions,
} from '#ledger/worker-ledger.ts';
import { makeRedactor } from '#lib/redact.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Speaker } from '#protocol/command.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';

const SPACE = '5e'.repeat(16);

/** The person who owns the node. */
export const PERSON: Speaker = { actor: 'person:owner', authority: 'human' };

/** Ids that rise. */
export const newId: () => string = makeUuidv7({
  now: Date.now,
  random: (bytes) => randomFillSync(bytes),
});

/** The record of one space, its folder, and short ways to read it. */
export interface SwarmSpace {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly epoch: number;
  /** All events, or those of a mission, in the order of the record. */
  readonly events: (mission?: string) => readonly SkeinEvent[];
  /** Reads the record (of a mission, or all of it) from its beginning until `look` has an answer. */
  readonly follow: <T>(
    mission: string | undefined,
    look: (events: readonly SkeinEvent[]) => T | undefined,
  ) => Promise<T>;
  readonly task: (id: string) => TaskState;
  /** What is held in this epoch: `holder path path`. */
  readonly held: () => readonly string[];
  readonly say: (name: string, input: unknown, speaker?: Speaker) => Promise<readonly string[]>;
  readonly verify: () => Promise<VerifyReport>;
  readonly close: () => Promise<void>;
}

const spaces: SwarmSpace[] = [];
after(async () => {
  await Promise.all(spaces.map(({ close }) => close()));
  for (const { folder } of spaces) rmSync(folder, { recursive: true, force: true });
});

/** Opens a new space, or the one in `folder` for a later owner; closed after the tests of a file. */
export async function openSwarmSpace(
  folder = mkdtempSync(join(tmpdir(), 'skein-swarm-')),
  epoch = 1,
): Promise<SwarmSpace> {
  const nodeKey = join(folder, 'node.key');
  openNodeKey(nodeKey);
  openLedgerDatabase(join(folder, 'ledger.db')).close();
  openBlobDatabase(join(folder, 'blobs.db')).close();
  const options: WorkerLedgerOptions = {
    space: SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space: SPACE, nodeKey, epoch },
    redact: makeRedactor(new Map()),
  };
  const ledger = await openWorkerLedger(options);
  let closing: Promise<void> | undefined;
  const space: SwarmSpace = {
    folder,
    ledger,
    epoch,
    events: (mission) =>
      ledger.read
        .events({ after: 0, limit: 10_000, ...(mission === undefined ? {} : { mission }) })
        .map(({ body }) => JSON.parse(String(body)) as SkeinEvent),
    follow: (mission, look) => follow(ledger, mission, look),
    task: (id) => ledger.read.entity('task', id)?.body as TaskState,
    held: () =>
      ledger.read
        .entities('lease')
        .map(({ body }) => body as LeaseState)
        .filter((lease) => lease.status === 'held' && lease.epoch === epoch)
        .map(({ holder, paths }) => [holder, ...paths].join(' ')),
    say: async (name, input, speaker = PERSON) =>
      (await ledger.execute({ id: newId(), name, input }, speaker)).events,
    verify: () => verifyInThread(options, []),
    close: () => (closing ??= ledger.close()),
  };
  spaces.push(space);
  return space;
}

async function follow<T>(
  ledger: Ledger,
  mission: string | undefined,
  look: (events: readonly SkeinEvent[]) => T | undefined,
): Promise<T> {
  const stop = new AbortController();
  const from = { after: 0, follow: true, signal: stop.signal };
  const pages = ledger.subscribe(mission === undefined ? from : { ...from, mission });
  for await (const page of pages) {
    const found = look(page.map(({ body }) => JSON.parse(String(body)) as SkeinEvent));
    if (found === undefined) continue;
    stop.abort();
    return found;
  }
  throw new Error('the record was closed before it was seen');
}
