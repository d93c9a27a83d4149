/**
 * The thread that looks after the size of one record: it measures it, says what pruning would take,
 * and prunes. To prune it must be the only one who has the files open.
 */
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { workerData, parentPort } from 'node:worker_threads';
import { openNodeKey } from '#identity/node-key.ts';
import type { ThreadAnswer } from '#ledger/ask-thread.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { planPrune, type PrunedMission } from '#ledger/prune/prune-plan.ts';
import { pruneRecord } from '#ledger/prune/prune-record.ts';
import { surveyRecord } from '#ledger/prune/survey.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openForReading, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { storageError } from '#ledger/store/ledger-state.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { toErrorBody } from '#protocol/errors.ts';
import { prunePause } from '../fault-pause.ts';
import type { SpaceThreadData } from '../spaces.ts';
import { deciders, reducers } from '../state-tables.ts';
import { chooseMissions, type PruneOptions } from './prune-choice.ts';
import type { PrunedSizes, PruneOrder, PrunerReports, PrunerRequest } from './pruner-protocol.ts';
import { markUnsynced } from './space-files.ts';

const { request, ...thread } = workerData as SpaceThreadData & { readonly request: PrunerRequest };
const { folder, space, nodeKey, epoch } = thread;

/** How far back growth is told, in days, and how many of the largest missions. */
const GROWTH_DAYS = [7, 30] as const;
const LARGEST_MISSIONS = 5;

type Files = Readonly<Record<'ledger' | 'blobs', DatabaseSync>>;

function withFiles<T>(
  open: readonly [ledger: (path: string) => DatabaseSync, blobs: (path: string) => DatabaseSync],
  work: (files: Files) => T,
): T {
  const ledger = open[0](join(folder, 'ledger.db'));
  const blobs = open[1](join(folder, 'blobs.db'));
  try {
    return work({ ledger, blobs });
  } finally {
    ledger.close();
    blobs.close();
  }
}

/** Chosen here, where nobody can fork or end a mission meanwhile. */
function choose(files: Files, { options, nowMs }: PruneOrder) {
  const { missions, kept } = chooseMissions(makeLedgerReader(files.ledger), options, nowMs);
  return { planned: planPrune({ ...files, missions, what: options.what }), kept };
}

function prune(files: Files, order: PruneOrder): PrunedSizes {
  const { planned, kept } = choose(files, order);
  const { options, speaker } = order;
  const head = openHeadFile(join(folder, 'head'));
  try {
    const parts = { ...files, ...makeCore(files), head, epoch, pause: prunePause(process.env) };
    const reason = reasonFor(options);
    pruneRecord(parts, { missions: planned, what: options.what, reason, speaker });
  } finally {
    head.close();
  }
  return sizesOf(planned, kept);
}

const reasonFor = ({ olderThanDays, keepMissions }: PruneOptions): string =>
  `it ended at least ${olderThanDays} days ago and is not among the last ${keepMissions}`;

/** The writer of the record, for as long as it is pruned. */
function makeCore(files: Files) {
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  const core = new LedgerCore({
    database: files.ledger,
    space,
    signer: openNodeKey(nodeKey),
    epoch,
    now: Date.now,
    random,
    deciders,
    reducers,
    readBlob: (hash) => findBlob(files.blobs, hash),
  });
  return { core, reducers, newId: makeUuidv7({ now: Date.now, random }) };
}

const sizesOf = (missions: readonly PrunedMission[], kept: PrunedSizes['kept']): PrunedSizes => ({
  missions: missions.map((mission) => ({ ...mission, blobs: mission.blobs.length })),
  kept,
});

function carryOut(): PrunerReports[PrunerRequest['type']] {
  if (request.type === 'prune') {
    return withFiles([openLedgerDatabase, openBlobDatabase], (files) => prune(files, request));
  }
  return withFiles([openForReading, openForReading], (files) => {
    if (request.type === 'plan') {
      const { planned, kept } = choose(files, request);
      return sizesOf(planned, kept);
    }
    const { nowMs } = request;
    return surveyRecord({ ...files, nowMs, days: GROWTH_DAYS, missions: LARGEST_MISSIONS });
  });
}

function answer(): ThreadAnswer<PrunerReports[PrunerRequest['type']]> {
  try {
    return { report: carryOut() };
  } catch (thrown) {
    const error = storageError(thrown);
    if (error.name === 'storage-unsafe') markUnsynced(folder, epoch);
    return { error: toErrorBody(error) };
  }
}

parentPort?.postMessage(answer());
