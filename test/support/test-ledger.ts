/**
 * The writer of a space over any database, with a clock, chance and a key of its own: what the
 * node does in its writer's thread, here in the open.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { makeSigner, type Signer } from '#identity/signer.ts';
import type { DeciderTable } from '#ledger/decider.ts';
import type { PageContext } from '#ledger/exchange/page-context.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import type { Outcome, Pending } from '#ledger/outcome.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { makeRandom } from './seeded-random.ts';

/** A space that every test may use. */
export const SPACE = 'ab'.repeat(16);

/** Time that moves only when a test moves it; milliseconds since 1970. */
export interface TestClock {
  ms: number;
}

/** What may differ from a fresh ledger in memory. */
export interface TestLedgerOptions {
  readonly database?: DatabaseSync;
  readonly signer?: Signer;
  readonly space?: string;
  readonly epoch?: number;
  readonly seed?: number;
  readonly clock?: TestClock;
  readonly deciders?: DeciderTable;
  readonly reducers?: ReducerSet;
  /** Where the state of pruned missions is kept. */
  readonly blobs?: DatabaseSync;
  /** The key of another node that made the space. */
  readonly founder?: string;
  readonly verifySignature?: PageContext['verifySignature'];
  readonly restart?: { readonly reason: string; readonly lost: readonly string[] };
}

/** A writer with shorthands for single commands. */
export interface TestLedger {
  readonly core: LedgerCore;
  readonly database: DatabaseSync;
  readonly signer: Signer;
  readonly clock: TestClock;
  readonly newId: () => string;
  readonly pending: (name: string, input: unknown, more?: Partial<Command>) => Pending;
  readonly flush: (...pending: readonly Pending[]) => Outcome[];
  readonly store: (name: string, input: unknown, more?: Partial<Command>) => Receipt;
  readonly refuse: (name: string, input: unknown, more?: Partial<Command>) => SkeinError;
}

/** A new key. */
export const newSigner = (): Signer => makeSigner(generateKeyPairSync('ed25519').privateKey);

/** The person. */
export const human: Speaker = { actor: 'person:owner', authority: 'human' };

/** The supervisor. */
export const supervisor: Speaker = { actor: 'supervisor', authority: 'supervisor' };

/** Deciders that let a test state any event, and one that is broken. */
const testDeciders: DeciderTable = {
  'test.state': (input) => input as readonly NewSkeinEvent[],
  'test.bug': () => {
    throw new TypeError('undefined is not a function');
  },
};

const START_MS = Date.UTC(2026, 10, 21);

/** Opens a writer; every part is fresh unless it is given. */
export function makeTestLedger(options: TestLedgerOptions = {}): TestLedger {
  const { seed = 1, clock = { ms: START_MS }, space = SPACE, epoch = 1 } = options;
  const { database = openLedgerDatabase(':memory:'), signer = newSigner() } = options;
  const random = makeRandom(seed).fill;
  const now = (): number => clock.ms;
  const { blobs, founder, verifySignature, restart } = options;
  const core = new LedgerCore({
    database,
    space,
    signer,
    epoch,
    now,
    random,
    deciders: { ...deciders, ...testDeciders, ...options.deciders },
    reducers: options.reducers ?? reducers,
    ...(verifySignature === undefined ? {} : { verifySignature }),
    founder,
    restart,
    ...(blobs === undefined ? {} : { readBlob: (hash) => findBlob(blobs, hash) }),
  });
  const newId = makeUuidv7({ now, random: makeRandom(seed + 1).fill });
  const pending = (name: string, input: unknown, more: Partial<Command> = {}): Pending => ({
    command: { id: newId(), name, input, ...more },
    speaker: human,
  });
  const flush = (...all: readonly Pending[]): Outcome[] => core.flush(all);
  const one = (name: string, input: unknown, more?: Partial<Command>): Outcome =>
    flush(pending(name, input, more))[0] as Outcome;
  return {
    core,
    database,
    signer,
    clock,
    newId,
    pending,
    flush,
    store: (...given) => {
      const outcome = one(...given);
      if (outcome.type === 'refused') throw outcome.error;
      return outcome.receipt;
    },
    refuse: (...given) => {
      const outcome = one(...given);
      if (outcome.type === 'refused') return outcome.error;
      throw new Error(`${given[0]} was stored`);
    },
  };
}

/** A note with some text in it, as the input of `note.record`. */
export const note = (detail: string): object => ({
  type: 'guardrail.passed',
  subject: 'task/t',
  data: { guardrail: 'syntax', detail },
});
