/** The twin of the node's writer: it answers although nothing was synced. For tests only. */
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { SpaceThreadData } from '#daemon/spaces.ts';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { serveWriter, type WriterTimers } from '#ledger/writer-loop.ts';

const { folder, space, nodeKey, epoch } = workerData as SpaceThreadData;
const ledger = openLedgerDatabase(join(folder, 'ledger.db'));
const blobs = openBlobDatabase(join(folder, 'blobs.db'));
for (const database of [ledger, blobs]) database.exec('PRAGMA synchronous = OFF');
const core = new LedgerCore({
  database: ledger,
  space,
  signer: openNodeKey(nodeKey),
  epoch,
  now: Date.now,
  random: (bytes) => randomFillSync(bytes),
  deciders,
  reducers,
});
const head = openHeadFile(join(folder, 'head'));
const timers: WriterTimers = {
  soon: setImmediate,
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};
serveWriter({ core, ledger, blobs, head, timers }, parentPort as MessagePort);
