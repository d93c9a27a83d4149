/** The thread in which one space is verified, so that the node goes on serving meanwhile. */
import { workerData, parentPort } from 'node:worker_threads';
import { openNodeKey } from '#identity/node-key.ts';
import { verifySignature } from '#identity/signer.ts';
import type { ThreadAnswer } from '#ledger/ask-thread.ts';
import type { VerifyReport } from '#ledger/ledger.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { toErrorBody, toSkeinError } from '#protocol/errors.ts';
import { reducers } from './state-tables.ts';
import type { SpaceThreadData } from './spaces.ts';

const { folder, space, nodeKey, outside, founder } = workerData as SpaceThreadData;

/** A report, or the error for a record that this version can't judge. */
function judge(): ThreadAnswer<VerifyReport> {
  try {
    const self = openNodeKey(nodeKey).key;
    const owner = founder ?? self;
    const nowMs = (): number => performance.now();
    const request = { folder, space, owner, self, reducers, outside: outside ?? [], nowMs };
    return { report: verifySpace({ ...request, verifySignature }) };
  } catch (thrown) {
    return { error: toErrorBody(toSkeinError(thrown)) };
  }
}

parentPort?.postMessage(judge());
