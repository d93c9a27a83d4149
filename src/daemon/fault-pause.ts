/**
 * A named instant at which a fault test may kill the node: with SKEIN_PAUSE_AT="<point> <kind>"
 * the node stops still there and says so on stderr. Without the variable nothing happens.
 */
import { writeSync } from 'node:fs';
import type { Scout } from '#agents/scout.ts';
import type { PrunePoint } from '#ledger/prune/erase-pruned.ts';
import type { EffectsOptions } from '#tasks/effects.ts';

/** The pause that the environment asks for. */
export function faultPause(env: NodeJS.ProcessEnv): NonNullable<EffectsOptions['pause']> {
  const wanted = env['SKEIN_PAUSE_AT'];
  return async (point, effect) => {
    if (wanted === `${point} ${effect.kind}`) await standStill(wanted);
  };
}

/** The same in a diagnosis, which is no effect: "diagnosis", found and not handed over yet. */
export function pausingScout(env: NodeJS.ProcessEnv, scout: Scout): Scout {
  if (env['SKEIN_PAUSE_AT'] !== 'diagnosis') return scout;
  return {
    diagnose: async (...asked) => {
      const found = await scout.diagnose(...asked);
      await standStill('diagnosis');
      return found;
    },
  };
}

async function standStill(instant: string): Promise<never> {
  process.stderr.write(`paused at ${instant}\n`);
  return new Promise(() => setInterval(() => undefined, 60_000));
}

/** The same between the steps of a prune, whose thread waits for nobody: "<point> prune". */
export function prunePause(env: NodeJS.ProcessEnv): (point: PrunePoint) => void {
  const wanted = env['SKEIN_PAUSE_AT'];
  return (point) => {
    if (wanted !== `${point} prune`) return;
    // Past the stream, which the waiting thread would never flush.
    writeSync(2, `paused at ${wanted}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
