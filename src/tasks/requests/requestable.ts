/**
 * What another node may ask this one to decide, and of whom it may be asked: whoever holds a task, or
 * comes to claim it, may speak of that task and of nothing else. What isn't listed here is refused.
 */
import type { Decider, DecisionContext } from '#ledger/decider.ts';
import { SkeinError } from '#protocol/errors.ts';
import { leaseDeciders } from '../lease-decider.ts';
import { taskDeciders } from '../task-decider.ts';
import type { LeaseState, TaskState } from '../task-reducer.ts';

/** A command that may be asked for; `problem` says why not by this speaker, undefined when it may. */
export interface Requestable {
  readonly decide: Decider;
  readonly problem: (input: unknown, context: DecisionContext) => string | undefined;
}

/** Requestable commands by name. */
export type Requestables = Readonly<Record<string, Requestable>>;

/** The longest lease that another node may ask for, in milliseconds; beyond it nobody would watch. */
export const MAX_ASKED_TTL_MS = 30 * 60_000;

/** How many paths besides its write set a task may ask for at once. */
const MAX_MORE = 16;

interface Asked {
  readonly task?: unknown;
  readonly agent?: unknown;
  readonly ttlMs?: unknown;
  readonly more?: unknown;
  readonly token?: unknown;
  readonly lease?: unknown;
}

/** What is asked for, whatever it is: deciders look at its shape themselves. */
const asked = (input: unknown): Asked => (typeof input === 'object' && input !== null ? input : {});

/** All of them. */
export const REQUESTABLES: Requestables = {
  'task.claim': {
    decide: taskDeciders['task.claim'] as Decider,
    problem: (input, { actor }) => {
      const { agent, ttlMs, more } = asked(input);
      if (agent !== actor) return `it would claim for ${short(agent)}`;
      if (!(Number(ttlMs) > 0 && Number(ttlMs) <= MAX_ASKED_TTL_MS)) {
        return `a lease is for at most ${MAX_ASKED_TTL_MS} ms`;
      }
      const isMuch = Array.isArray(more) && more.length > MAX_MORE;
      return isMuch ? `more than ${MAX_MORE} paths are asked for` : undefined;
    },
  },
  // The token says which lease is meant: who lost it must not end the one of somebody else.
  'task.release': {
    decide: taskDeciders['task.release'] as Decider,
    problem: (input, context) => {
      const { task, token } = asked(input);
      if (token === undefined) return 'no token is shown';
      const state = context.entity<TaskState>('task', String(task))?.body;
      return state?.agent === context.actor ? undefined : `it does not hold ${short(task)}`;
    },
  },
  'lease.extend': {
    decide: leaseDeciders['lease.extend'] as Decider,
    problem: (input, context) => {
      const { lease } = asked(input);
      const state = context.entity<LeaseState>('lease', String(lease))?.body;
      return state?.holder === context.actor ? undefined : `it does not hold ${short(lease)}`;
    },
  },
};

const short = (value: unknown): string => String(value).slice(0, 80);

/** Why the speaker may not ask for the command; throws when it may not. */
export function assertMayAsk(
  requestable: Requestable | undefined,
  { command, input }: { readonly command: string; readonly input: unknown },
  context: DecisionContext,
): asserts requestable is Requestable {
  const name = short(command);
  if (requestable === undefined) {
    throw new SkeinError('unauthorized', `Cannot decide ${name} for another node`);
  }
  const problem = requestable.problem(input, context);
  if (problem === undefined) return;
  throw new SkeinError('unauthorized', `Cannot decide ${name} for ${context.actor}: ${problem}`);
}
