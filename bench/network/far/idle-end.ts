/** A process with nothing but a node's part for agents: says what it holds in memory once all are known. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openMemory } from '#bus/conformance/open-memory.ts';
import { LiveRegistry } from '#registry/live-registry.ts';
import { surroundings } from '#daemon/network/network-sync.ts';
import { assertSound, newId } from '../../support/bench-space.ts';
import { openBenchNode } from '../bench-node.ts';
import { serveBench } from './far-serve.ts';

/** Opens record, mailroom and registry; answers what the process holds, and the growth of its heap. */
async function idle(
  folder: string,
  count: number,
): Promise<{ readonly bytes: number; readonly heapBytes: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const node = await openBenchNode({ folder, epoch: 2 });
  const { bus } = await openMemory();
  const registry = new LiveRegistry({
    ledger: node.ledger,
    bus,
    signer: node.signer,
    name: 'bench',
    epoch: 2,
    agents: () => [],
    now: Date.now,
    monotonicMs: () => performance.now(),
    after: surroundings.timers.after,
    random: Math.random,
    newId,
    report: (error) => assertSound(false, String(error)),
  });
  const { length } = registry.agents();
  assertSound(length === count, `${length} of ${count} agents are known`);
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { bytes: rss, heapBytes: heapUsed - before };
}

serveBench({ idle });
