/** The writer's thread of one space: the second composition root, since functions cross no threads. */
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { workerData, parentPort, type MessagePort } from 'node:worker_threads';
import { openNodeKey } from '#identity/node-key.ts';
import { verifySignature } from '#identity/signer.ts';
import { finishPruning } from '#ledger/prune/erase-pruned.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import { openHeadFile, readHeadFile } from '#ledger/store/head-file.ts';
import { storageError } from '#ledger/store/ledger-state.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { refuseWrites, serveWriter, type WriterTimers } from '#ledger/writer-loop.ts';
import { toErrorBody } from '#protocol/errors.ts';
import { forgetRestart, isWhole, markUnsynced, readRestart } from './home/space-files.ts';
import { deciders, reducers } from './state-tables.ts';
import type { SpaceThreadData } from './spaces.ts';

const port = parentPort as MessagePort;

const timers: WriterTimers = {
  soon: setImmediate,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
const { folder, space, nodeKey, epoch, founder } = workerData as SpaceThreadData;

/** What was announced stays announced: when there is no room to finish now, a later writer does. */
function finishPrune(finish: () => void): void {
  if (!isWhole(folder)) return;
  try {
    finish();
  } catch (thrown) {
    const error = storageError(thrown);
    if (error.name !== 'storage-failed') throw error;
  }
}

try {
  const ledger = openLedgerDatabase(join(folder, 'ledger.db'));
  const blobs = openBlobDatabase(join(folder, 'blobs.db'));
  const anchor = join(folder, 'head');
  const problem = anchorProblem(ledger, readHeadFile(anchor));
  if (problem === undefined) {
    const signer = openNodeKey(nodeKey);
    const core = new LedgerCore({
      database: ledger,
      space,
      signer,
      epoch,
      now: Date.now,
      random: (bytes) => randomFillSync(bytes),
      deciders,
      reducers,
      readBlob: (hash) => findBlob(blobs, hash),
      founder,
      verifySignature,
      restart: readRestart(folder),
    });
    forgetRestart(folder);
    finishPrune(() => finishPruning({ ledger, blobs, epoch, author: signer.key, verifySignature }));
    const stopped = (): void => markUnsynced(folder, epoch);
    const head = openHeadFile(anchor);
    serveWriter({ core, ledger, blobs, head, timers, stopped }, port);
  } else refuseWrites(problem, port);
} catch (thrown) {
  const error = storageError(thrown);
  if (error.name === 'storage-unsafe') markUnsynced(folder, epoch);
  port.postMessage({ type: 'failed', error: toErrorBody(error) });
  port.close();
}
