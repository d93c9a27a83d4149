/** Turns what was not as expected into failures that can be diagnosed, and the errors behind them. */
import type { Discovery } from '#agents/discoveries.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Unmet } from '../swarm.ts';

/** Uses that the plan does not reach; `event` says that they were found. */
export const unmetDiscoveries = (
  discoveries: readonly Discovery[],
  event: string,
  task: string,
): readonly Unmet[] =>
  discoveries.map(({ path, places, refusal }): Unmet => {
    const where = places.map(({ line }) => `${path}:${line}`).join(', ');
    const what = refusal?.reason ?? `${where} is used too, and is not in the plan`;
    const failure = { event, task, what, paths: [path] };
    return {
      failure,
      error: new SkeinError('guardrail-refused', `Cannot finish: also used at ${where}: ${what}`, {
        fix: 'Change the goal, or what stands in its way.',
        details: { places: refusal?.places ?? [where] },
      }),
    };
  });

const EXPECTATIONS = ['guardrail-refused', 'review-refused', 'check-failed', 'evidence-missing'];

/** A task that broke off because something was not as expected; undefined for any other error. */
export function unmetError(
  error: SkeinError,
  { event, task, paths }: { event: string; task: string; paths: readonly string[] },
): Unmet | undefined {
  if (!EXPECTATIONS.includes(error.name)) return undefined;
  const what = error.message;
  return { failure: { event, task, what, paths }, error };
}
