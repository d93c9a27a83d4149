/** A recorded sandbox over a real record in a temporary home. */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homePaths } from '#daemon/home/home-paths.ts';
import { prepareHome } from '#daemon/home/home.ts';
import { OpenRuns } from '#daemon/sandbox/open-runs.ts';
import { RecordedSandbox, type RunOrder, type RunTold } from '#daemon/sandbox/recorded-sandbox.ts';
import { Spaces } from '#daemon/spaces.ts';
import { openNodeKey } from '#identity/node-key.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { makeRedactor } from '#lib/redact.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Speaker } from '#protocol/command.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { scriptedSandbox, type Script } from './scripted-sandbox.ts';

/** A secret that no record may hold. */
export const SECRET = 'swordfish-0123456789';

/** The person. */
export const PERSON: Speaker = { actor: 'person:owner', authority: 'human' };

/** What a test works with. */
export interface RecordedHome {
  readonly ledger: Ledger;
  readonly openRuns: OpenRuns;
  readonly reported: unknown[];
  readonly recorded: (script: Script, atOnce?: number) => RecordedSandbox;
  /** All events about runs, as they are on the record. */
  readonly events: () => readonly SkeinEvent[];
  readonly order: (more?: Partial<RunOrder>) => RunOrder;
  /** Closes what a node that was killed left open. */
  readonly closeLeft: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens it. */
export async function openRecordedHome(): Promise<RecordedHome> {
  const root = mkdtempSync(join(tmpdir(), 'skein-recorded-'));
  const paths = homePaths(join(root, 'home'), { XDG_RUNTIME_DIR: root });
  prepareHome(paths);
  const reported: unknown[] = [];
  const report = (thrown: unknown): void => void reported.push(thrown);
  const spaces = new Spaces({
    paths,
    epoch: 1,
    node: openNodeKey(paths.nodeKey).key.slice(0, 16),
    redact: makeRedactor(new Map([['the-secret', SECRET]])),
    report,
  });
  const ledger = await spaces.makeBare('runs');
  const openRuns = new OpenRuns(join(root, 'open'));
  const newId = makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) });
  const parts = { openRuns, newId, now: Date.now, report };
  const newest = { after: 0, limit: 10_000 };
  return {
    ledger,
    openRuns,
    reported,
    recorded: (script, atOnce = 2) =>
      new RecordedSandbox({ ...parts, sandbox: scriptedSandbox(script), atOnce }),
    events: () =>
      ledger.read.events(newest).flatMap(({ body, type }) => {
        if (body === null || type?.startsWith('sandbox.') !== true) return [];
        const decoded = decodeEvent(body);
        return decoded.known ? [decoded.event] : [];
      }),
    order: (more = {}) => ({
      request: { program: { type: 'code', language: 'python', source: 'print(1)' } },
      speaker: PERSON,
      ledger,
      signal: new AbortController().signal,
      ...more,
    }),
    closeLeft: () =>
      openRuns.closeLeft({
        open: (space) => spaces.open(space),
        speaker: { actor: 'node:test', authority: 'system' },
        now: Date.now,
        newId,
        report,
      }),
    close: async () => {
      await spaces.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** All that is told of a run. */
export async function follow(told: AsyncIterable<RunTold>): Promise<readonly RunTold[]> {
  const all: RunTold[] = [];
  for await (const each of told) all.push(each);
  return all;
}
