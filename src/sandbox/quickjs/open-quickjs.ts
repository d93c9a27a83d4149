/** Opens the QuickJS tier. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import { fueledCopy } from '#sandbox/fuel/fueled-copy.ts';
import type { Enclosure, SandboxRun } from '#sandbox/sandbox.ts';
import { openEvaluator } from './evaluate.ts';
import { openMachinePool } from './machine-pool.ts';
import { orderOf } from './order-of.ts';
import { probeQuickjs } from './probe-quickjs.ts';
import type { QuickjsTier } from './quickjs.ts';
import { refusedRun, runOrder } from './run-order.ts';
import { pagesFor, startMachine } from './start-machine.ts';

const require = createRequire(import.meta.url);

/** The walls around a program, from the inside out. */
const WALLS = [
  'no-host-api',
  'fuel',
  'memory-maximum',
  'own-process',
  'node-permissions',
  'empty-environment',
];

/**
 * Opens the tier. `cacheFolder` is for the binary with fuel (under a megabyte), made at the first time.
 * `pool` processes wait warm, 1 when left out; 0 for none. Throws `sandbox-failed`.
 */
export async function openQuickjs(options: {
  readonly cacheFolder: string;
  readonly pool?: number;
}): Promise<QuickjsTier> {
  const original = require.resolve('quickjs-wasi/quickjs.wasm');
  // Node's permissions are for paths, not for what links lead to.
  const binary = await realpath(await fueledCopy(original, options.cacheFolder));
  const start = (pages: number) => startMachine(binary, pages);
  const pool = openMachinePool({
    size: options.pool ?? 1,
    maxMemoryPages: pagesFor(CODE_LIMITS.memoryBytes),
    start,
  });
  const evaluator = openEvaluator(start);
  const enclosure = enclosureOf();
  const running = new Set<SandboxRun>();
  let isClosed = false;

  const run: QuickjsTier['run'] = (request) => {
    try {
      if (isClosed)
        throw new SkeinError('sandbox-failed', 'Cannot run the program: QuickJS is closed');
      const { order, limits } = orderOf(request, randomInt(2 ** 47));
      const take = () => pool.take(pagesFor(order.memoryBytes));
      const { signal, beforeStart } = request;
      const begun = runOrder({ order, limits, enclosure, signal, beforeStart, take });
      running.add(begun);
      const forget = (): void => void running.delete(begun);
      begun.result.then(forget, forget);
      return begun;
    } catch (error) {
      return refusedRun(toSkeinError(error));
    }
  };
  return {
    run,
    evaluate: evaluator.evaluate,
    probe: () => probeQuickjs(run, enclosure),
    close: async () => {
      isClosed = true;
      await Promise.all([...running].map((begun) => begun.kill()));
      await Promise.all([pool.close(), evaluator.close()]);
    },
  };
}

function enclosureOf(): Enclosure {
  const text = readFileSync(require.resolve('quickjs-wasi/package.json'), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return {
    tier: 'T0',
    mechanism: 'quickjs',
    strength: 'runtime',
    walls: WALLS,
    versions: { 'quickjs-wasi': version, node: process.versions.node },
  };
}
