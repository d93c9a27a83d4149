/** A space with missions that can be pruned, and the writer that prunes it as the node does. */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import type { BlobReference, ChainHead } from '#ledger/ledger.ts';
import { finishPruning, type PrunePoint } from '#ledger/prune/erase-pruned.ts';
import { planPrune, type PrunedMission, type PrunedWhat } from '#ledger/prune/prune-plan.ts';
import { pruneRecord } from '#ledger/prune/prune-record.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { canonicalJson } from '#lib/canonical-json.ts';
import { missionStory, type StoryStep } from './mission-story.ts';
import { temporaryFolder } from './space-folder.ts';
import { human, makeTestLedger, newSigner, type TestLedger } from './test-ledger.ts';

/** The files of a space, open for writing. */
export interface SpaceWriter {
  readonly folder: string;
  readonly signer: Signer;
  readonly epoch: number;
  readonly ledger: TestLedger;
  readonly blobs: DatabaseSync;
  readonly blob: (content: string) => BlobReference;
  readonly plan: (missions: readonly string[], what?: PrunedWhat) => PrunedMission[];
  readonly prune: (
    missions: readonly string[],
    what?: PrunedWhat,
    pause?: (point: PrunePoint) => void,
  ) => PrunedMission[];
  /** As the node does it when it opens a record. */
  readonly finish: (pause?: (point: PrunePoint) => void) => void;
  readonly close: () => void;
}

/** What may differ from a new space by a new key. */
export interface WriterOptions {
  readonly folder?: string;
  readonly signer?: Signer;
  readonly epoch?: number;
  /** Of ids and salts; another one for each writer of a space. */
  readonly seed?: number;
  readonly reducers?: ReducerSet;
}

/** Opens a space for writing. */
export function openSpaceWriter(options: WriterOptions = {}): SpaceWriter {
  const { folder = temporaryFolder(), signer = newSigner(), epoch = 1, seed = epoch } = options;
  const set = options.reducers ?? reducers;
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  const blobs = openBlobDatabase(join(folder, 'blobs.db'));
  const ledger = makeTestLedger({ database, signer, epoch, seed, reducers: set, blobs });
  const head = openHeadFile(join(folder, 'head'));
  const anchor = (): void => {
    head.write(ledger.core.head as ChainHead);
    head.sync();
  };
  anchor();
  const files = { ledger: database, blobs, epoch };
  const plan: SpaceWriter['plan'] = (missions, what = 'bodies') =>
    planPrune({ ...files, missions, what });
  return {
    folder,
    signer,
    epoch,
    ledger,
    blobs,
    blob: (content) => putBlobs(blobs, [Buffer.from(content)])[0] as BlobReference,
    plan,
    prune: (missions, what = 'bodies', pause = () => undefined) => {
      const planned = plan(missions, what);
      const { core, newId } = ledger;
      const parts = { ...files, core, head, reducers: set, newId, pause };
      pruneRecord(parts, { missions: planned, what, reason: 'a test', speaker: human });
      return planned;
    },
    finish: (pause = () => undefined) =>
      finishPruning({ ...files, author: signer.key, verifySignature, pause }),
    close: () => {
      anchor();
      head.close();
      database.close();
      blobs.close();
    },
  };
}

/** What a mission is told with. */
export interface PrunableMission {
  readonly mission: string;
  /** Which claim of the space this one's is, from 1. */
  readonly token: number;
  readonly paths?: readonly string[];
  /** What its files become, by path. */
  readonly content?: (path: string) => string;
  /** What its check prints; more than an event holds. */
  readonly output?: string;
  /** Told up to here only: it has not ended. */
  readonly until?: string;
}

/** The steps of a mission whose files, plan and output lie in blobs, as the node has them. */
export function prunableStory(writer: SpaceWriter, told: PrunableMission): StoryStep[] {
  const { mission, token, paths = ['src/a.ts'], until } = told;
  const content = told.content ?? ((path) => `${mission} has changed ${path}\n`);
  const after = new Map(paths.map((path) => [path, writer.blob(content(path))]));
  const planned = writer.blob(`${mission} never came to write this\n`);
  const edits = [...after.values(), planned].map((each) => ({ after: each }));
  const contents = writer.blob(canonicalJson({ format: 2, title: mission, edits }));
  const steps = missionStory(mission, paths, token).map(({ input, ...step }): StoryStep => {
    if (step.name === 'plan.propose') return { ...step, input: { ...input, contents } };
    const data = input['data'] as { readonly path?: string } | undefined;
    if (data?.path === undefined) return { ...step, input };
    return { ...step, input: { ...input, data: { ...data, after: after.get(data.path) } } };
  });
  steps.splice(-2, 0, ...checkSteps(writer, told));
  const last = until === undefined ? steps.length : steps.findIndex(({ name }) => name === until);
  return steps.slice(0, last);
}

function checkSteps(writer: SpaceWriter, { mission, output }: PrunableMission): StoryStep[] {
  const printed = output ?? `${mission} is checked\n`.repeat(300);
  const about = { kind: 'check', effect: `${mission}/check`, subject: 'check/test', mission };
  const intent = { name: 'test', command: 'npm test', phase: 'change', timeoutMs: 1000 };
  const ended = { exitCode: 0, signal: null, timedOut: false, durationMs: 5 };
  const kept = { blob: writer.blob(printed), totalBytes: printed.length };
  return [
    { name: 'effect.intend', input: { ...about, data: intent } },
    { name: 'effect.finish', input: { ...about, data: { ...ended, output: kept } } },
  ];
}

/** Tells a whole mission, each step in a commit of its own. */
export function tellMission(writer: SpaceWriter, told: PrunableMission): void {
  for (const { name, input } of prunableStory(writer, told)) writer.ledger.store(name, input);
}
