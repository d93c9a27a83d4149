/**
 * A named instant at which a fault test may kill the node: with SKEIN_PAUSE_AT="<point> <kind>"
 * the node stops still there and says so on stderr. Without the variable nothing happens.
 */
import type { EffectsOptions } from '#tasks/effects.ts';

/** The pause that the environment asks for. */
export function faultPause(env: NodeJS.ProcessEnv): NonNullable<EffectsOptions['pause']> {
  const wanted = env['SKEIN_PAUSE_AT'];
  return async (point, effect) => {
    if (wanted !== `${point} ${effect.kind}`) return;
    process.stderr.write(`paused at ${wanted}\n`);
    await new Promise(() => setInterval(() => undefined, 60_000));
  };
}
