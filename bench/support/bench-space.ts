/** A space in a temporary folder, as the writer's thread would open it, and work to fill it with. */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile, type HeadFile } from '#ledger/store/head-file.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import type { Pending } from '#ledger/outcome.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';

/** The name of the space that benches write to. */
export const BENCH_SPACE = 'b'.repeat(32);

/** Who speaks in benches. */
export const BENCH_SPEAKER: Speaker = { actor: 'person:bench', authority: 'human' };

/** Ids for commands. */
export const newId: () => string = makeUuidv7({
  now: Date.now,
  random: (bytes) => randomFillSync(bytes),
});

/** An open space; `flush` is one turn of the writer's thread and throws for a refusal. */
export interface OpenSpace {
  readonly folder: string;
  readonly database: DatabaseSync;
  readonly core: LedgerCore;
  readonly head: HeadFile;
  readonly flush: (commands: readonly Pending[]) => void;
  readonly close: () => void;
}

/** A temporary folder that is removed by `dispose`. */
export function temporaryFolder(): { readonly path: string; readonly dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'skein-bench-'));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Opens the space in `folder`, with a key of its own; both are made when there are none. */
export function openSpace(folder: string): OpenSpace {
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  openBlobDatabase(join(folder, 'blobs.db')).close();
  const head = openHeadFile(join(folder, 'head'));
  const core = new LedgerCore({
    database,
    space: BENCH_SPACE,
    signer: openNodeKey(join(folder, 'node.key')),
    epoch: 1,
    now: Date.now,
    random: (bytes) => randomFillSync(bytes),
    deciders,
    reducers,
  });
  return {
    folder,
    database,
    core,
    head,
    flush: (commands) => {
      for (const outcome of core.flush(commands))
        if (outcome.type === 'refused') throw outcome.error;
      if (core.head !== null) head.write(core.head);
    },
    close: () => {
      head.sync();
      head.close();
      database.close();
    },
  };
}

/** Builds a command of the bench's speaker. */
export const pending = (name: string, input: unknown): Pending => ({
  command: { id: newId(), name, input },
  speaker: BENCH_SPEAKER,
});

/**
 * Commands as a mission makes them, one event each: the intent of a check (a new entity), then its
 * outcome (the same entity again). 100 effects a mission; each event is some 450 bytes.
 */
export function missionWork(): (count: number) => Pending[] {
  let made = 0;
  const mission = Array.from({ length: 1 }, newId);
  return (count) =>
    Array.from({ length: count }, () => {
      const turn = made % 200;
      if (turn === 0) mission[0] = newId();
      made += 1;
      return effectCommand(mission[0] ?? '', turn);
    });
}

function effectCommand(mission: string, turn: number): Pending {
  const effect = `${mission}/check/change/test-${turn >> 1}`;
  const about = { kind: 'check', effect, subject: 'check/test', mission };
  if (turn % 2 === 0) {
    const data = { name: 'test', command: 'npm test', phase: 'change', timeoutMs: 600_000 };
    return pending('effect.intend', { ...about, data });
  }
  const output = { text: 'all 12 tests passed\n', totalBytes: 20 };
  const data = { exitCode: 0, signal: null, timedOut: false, durationMs: 1_234, output };
  return pending('effect.finish', { ...about, data });
}

/** Throws when a bench found its subject broken: its figures would be worthless. */
export function assertSound(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new SkeinError('internal', `Cannot measure: ${problem}`);
}
