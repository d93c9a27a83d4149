/** A mission with every kind of effect, and copies of its record that may be damaged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { after } from 'node:test';
import { makeRunner } from '#agents/runner.ts';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import {
  replayMission,
  type ReplayReport,
  type ReplayRequest,
} from '#supervisor/history/replay/replay-mission.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { openSwarmWorld, type RunOptions, type SwarmWorld } from '../swarm/swarm-world.ts';
import { onePathParts, type TestGoal } from '../swarm/test-recipe.ts';

const UPPER = { name: 'upper', command: "printf 'C\\n' > c.txt", lines: '^[cC]$' };

/** Two files by exact edits, one by a command. */
export const EVERYTHING: TestGoal = {
  plan: () => ({
    edits: { 'a.txt': 'A\n', 'b.txt': 'B\n' },
    parts: [
      ...onePathParts('a.txt', 'b.txt'),
      ...onePathParts('c.txt').map((part) => ({ ...part, command: UPPER })),
    ],
  }),
};

/** A world whose goal `everything` uses every kind of effect there is. */
export const openReplayWorld = (): Promise<SwarmWorld> =>
  openSwarmWorld({
    files: {
      'a.txt': 'a\n',
      'b.txt': 'b\n',
      'c.txt': 'c\n',
      'skein.yaml': 'workspace:\n  setup: "true"\n',
    },
    goals: { everything: EVERYTHING },
    jobs: 2,
  });

/** Set-up, a check that fails before and after, one that passes, and the merge. */
export const ASKED = { checks: ['true', 'false'], merge: true } as RunOptions;

/** A copy of a record, in which events may be changed; `read` sees each change at once. */
export interface RecordCopy {
  readonly read: LedgerReader;
  /** Runs SQL on the copy. */
  readonly damage: (sql: string, ...values: readonly (string | number)[]) => void;
  /** Rewrites the body of an event. */
  readonly rewrite: (event: SkeinEvent, data: object) => void;
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the record of a world, as it is now. */
export function copyRecord({ space }: SwarmWorld): RecordCopy {
  const folder = mkdtempSync(join(tmpdir(), 'skein-replay-'));
  folders.push(folder);
  const copy = join(folder, 'ledger.db');
  const original = new DatabaseSync(join(space.folder, 'ledger.db'), { readOnly: true });
  original.prepare('VACUUM INTO ?').run(copy);
  original.close();
  const database = new DatabaseSync(copy);
  const read = makeLedgerReader(database);
  const damage: RecordCopy['damage'] = (sql, ...values) => {
    database.prepare(sql).run(...values);
  };
  return {
    read,
    damage,
    rewrite: (event, data) => {
      const body = JSON.stringify({ ...event, data: { ...(event.data as object), ...data } });
      database
        .prepare('UPDATE events SET body = ? WHERE position = ?')
        .run(Buffer.from(body), read.position(event.id) ?? 0);
    },
  };
}

/** Replays a mission of the world, on a copy of its record when one is given. */
export async function replay(
  { space, repository }: SwarmWorld,
  mission: string,
  more: Partial<ReplayRequest> & { readonly read?: LedgerReader } = {},
): Promise<ReplayReport> {
  const { ledger } = space;
  const { read = ledger.read, ...rest } = more;
  return replayMission({
    ledger: { space: ledger.space, blobs: ledger.blobs, read },
    reducers,
    deciders,
    runner: makeRunner(),
    repository: await openRepository(repository.top),
    mission,
    at: 'end',
    breathe: () => setImmediate(),
    ...rest,
  });
}
