/** The thread in which one space is verified, so that the node goes on serving meanwhile. */
import { workerData, parentPort } from 'node:worker_threads';
import { openNodeKey } from '#identity/node-key.ts';
import { verifySignature } from '#identity/signer.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { reducers } from './state-tables.ts';
import type { SpaceThreadData } from './spaces.ts';

const { folder, space, nodeKey, outside } = workerData as SpaceThreadData;
parentPort?.postMessage(
  verifySpace({
    folder,
    space,
    owner: openNodeKey(nodeKey).key,
    reducers,
    outside: outside ?? [],
    nowMs: () => performance.now(),
    verifySignature,
  }),
);
