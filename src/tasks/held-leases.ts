/**
 * Who holds which path, and the highest fencing token so far: what a claim must know of all leases
 * without walking through every one that ever was.
 */
import type { EntityView } from '#ledger/decider.ts';
import type { LeaseState } from './task-reducer.ts';

interface Holding {
  readonly id: string;
  readonly lease: LeaseState;
}

/** Of leases on the same path the one with the highest token counts: the others are void. */
export interface HeldLeases {
  readonly byPath: Map<string, Holding>;
  highestToken: number;
}

/** The view for `DecisionContext.view`. */
export const heldLeases: EntityView<HeldLeases> = {
  kind: 'lease',
  start: () => ({ byPath: new Map(), highestToken: 0 }),
  add: (view, { id, body }) => {
    const lease = body as LeaseState;
    view.highestToken = Math.max(view.highestToken, lease.token);
    for (const path of lease.paths) {
      const found = view.byPath.get(path);
      if (lease.status !== 'held') {
        if (found?.id === id) view.byPath.delete(path);
      } else if (found === undefined || found.lease.token < lease.token) {
        view.byPath.set(path, { id, lease });
      }
    }
  },
};
