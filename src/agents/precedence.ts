/**
 * Safety > Swarm > Mission, as code. Whoever has a say in an action gives an opinion; the highest
 * layer that objects stops it, whatever the layers below it want. Pure.
 */
import { LAYERS, type Layer } from '#protocol/events/agent.ts';

/** One opinion on an action: `from` is a guardrail, an agent or the supervisor. */
export interface Opinion {
  readonly layer: Layer;
  readonly from: string;
  readonly wants: boolean;
  readonly why: string;
}

/** One opinion that did not count, because of another of a higher layer. */
export interface Override {
  readonly layer: Layer;
  readonly by: string;
  readonly over: Layer;
  readonly whom: string;
  readonly why: string;
}

/** Whether the action is carried out, who stopped it, and whose wish was overridden. */
export interface Settlement {
  readonly carriedOut: boolean;
  readonly stoppedBy: Opinion | undefined;
  readonly overrides: readonly Override[];
}

const rank = ({ layer }: Opinion): number => LAYERS.indexOf(layer);

/** Settles what the layers say. Without an objection the action is carried out. */
export function settle(opinions: readonly Opinion[]): Settlement {
  const ordered = opinions.toSorted((a, b) => rank(a) - rank(b));
  const stoppedBy = ordered.find(({ wants }) => !wants);
  if (stoppedBy === undefined) return { carriedOut: true, stoppedBy, overrides: [] };
  const overrides = ordered
    .filter((opinion) => opinion.wants && rank(opinion) > rank(stoppedBy))
    .map(({ layer: over, from: whom }): Override => {
      const { layer, from: by, why } = stoppedBy;
      return { layer, by, over, whom, why };
    });
  return { carriedOut: false, stoppedBy, overrides };
}
