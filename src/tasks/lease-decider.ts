/** Decides what happens to a lease while it is held: one more path, and its end by silence. */
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, integer, text } from '#protocol/shape.ts';
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { heldLeases, type HeldLeases } from './held-leases.ts';
import type { LeaseState, TaskState } from './task-reducer.ts';

/** A lease with its fencing number, as every write shows it. */
export interface LeaseToken {
  readonly lease: string;
  readonly token: number;
}

/** Commands about leases: `lease.extend`, `lease.expire`. */
export const leaseDeciders: DeciderTable = {
  // Granted at once or refused with the holder: nobody waits while holding.
  'lease.extend': defineDecider(
    fields({ lease: text, token: integer, path: text, why: text }),
    ({ lease, token, path, why }, context) => {
      const held = requireHeld({ lease, token }, context);
      if (held.paths.includes(path)) return [];
      assertFree([path], context.view(heldLeases), context.epoch);
      const { mission } = context.entity<TaskState>('task', held.task)?.body ?? { mission: '' };
      return [{ type: 'lease.extended', subject: `lease/${lease}`, mission, data: { path, why } }];
    },
  ),
  // Sent by the home's monotonic timer. The task is ready again in the same command.
  'lease.expire': defineDecider(
    fields({ lease: text, token: integer }),
    ({ lease, token }, context) => {
      const held = context.entity<LeaseState>('lease', lease)?.body;
      // Released in the meantime: the timer came too late, and there is nothing to do.
      if (held === undefined || held.status !== 'held' || held.token !== token) return [];
      const task = context.entity<TaskState>('task', held.task)?.body;
      const { ttlMs } = held;
      const mission = task?.mission ?? '';
      const expired: NewSkeinEvent = {
        type: 'lease.expired',
        subject: `lease/${lease}`,
        mission,
        data: { ttlMs },
      };
      if (task?.status !== 'claimed' || task.lease !== lease) return [expired];
      const data = { reason: `${held.holder} gave no sign of life for ${ttlMs / 1_000} s` };
      return [expired, { type: 'task.released', subject: `task/${held.task}`, mission, data }];
    },
  ),
};

/** The lease, when it is held in this epoch with this token; else throws `lease-missing`. */
export function requireHeld({ lease, token }: LeaseToken, context: DecisionContext): LeaseState {
  const held = context.entity<LeaseState>('lease', lease)?.body;
  const problem = leaseProblem(held, token, context.epoch);
  if (held !== undefined && problem === undefined) return held;
  throw new SkeinError('lease-missing', `Cannot write under lease ${lease}: ${problem}`);
}

/** Why a lease does not stand for a write that shows `token` in `epoch`; undefined when it does. */
export function leaseProblem(
  held: LeaseState | undefined,
  token: number,
  epoch: number,
): string | undefined {
  if (held === undefined) return 'there is no such lease';
  if (held.status !== 'held') return `the lease was ${held.status}`;
  if (held.epoch !== epoch) return `the lease is of epoch ${held.epoch}, it is ${epoch} now`;
  if (held.token !== token) return `the token is ${token}, the lease has ${held.token}`;
  return undefined;
}

/** Throws `path-held`, naming who has the right of way, unless all paths are free. */
export function assertFree(paths: readonly string[], { byPath }: HeldLeases, epoch: number): void {
  for (const path of paths) {
    const lease = byPath.get(path)?.lease;
    if (lease === undefined || lease.epoch !== epoch) continue;
    const { holder, task } = lease;
    throw new SkeinError('path-held', `Cannot lease ${path}: ${holder} holds it for ${task}`, {
      fix: 'It is free again when that task is done. See: skein leases',
      details: { path, holder, task },
    });
  }
}
