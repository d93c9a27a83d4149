/** The ledger of a bench's space as a node opens it: with the writer in a thread of its own. */
import { join } from 'node:path';
import type { Ledger } from '#ledger/ledger.ts';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { makeRedactor } from '#lib/redact.ts';
import { BENCH_SPACE } from './bench-space.ts';

/** Opens it; `epoch` must be higher than that of who had it before. */
export function openBenchLedger(folder: string, epoch: number): Promise<Ledger> {
  return openWorkerLedger({
    space: BENCH_SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space: BENCH_SPACE, nodeKey: join(folder, 'node.key'), epoch },
    redact: makeRedactor(new Map()),
  });
}
