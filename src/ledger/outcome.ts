/** What becomes of commands: receipts and refusals. */
import type { DatabaseSync } from 'node:sqlite';
import { uuidPlus } from '#lib/uuidv7.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { SkeinError, toErrorBody } from '#protocol/errors.ts';
import type { IdRange } from '#ledger/store/id-store.ts';
import type { Taken } from './ledger.ts';

/** A command and who speaks. */
export interface Pending {
  readonly command: Command;
  readonly speaker: Speaker;
}

/** What became of one pending command. */
export type Outcome =
  | { readonly type: 'stored'; readonly receipt: Receipt }
  | { readonly type: 'refused'; readonly error: SkeinError };

/** The receipt of a command that was stored before, from the record. */
export function earlierReceipt(database: DatabaseSync, range: IdRange): Receipt {
  const row = database
    .prepare(
      `SELECT c.hash, c.seq FROM events e JOIN commits c ON c.position = e.commit_position
       WHERE e.position = ?`,
    )
    .get(range.position);
  return {
    command: range.id,
    commit: String(row?.['hash']),
    seq: Number(row?.['seq']),
    events: idsOf(range),
    repeated: true,
    strength: 'local-fsync',
  };
}

/** All of them refused for one reason. */
export const refuseAll = (pending: readonly Pending[], error: SkeinError): Outcome[] =>
  pending.map(() => ({ type: 'refused', error }));

/** The ids that a command would use belong to another one. */
export const idsTaken = ({ id, name }: Command): SkeinError =>
  new SkeinError('conflict', `Cannot execute ${name}: ids from ${id} on are taken`, {
    fix: 'Send it again with a new id.',
  });

/** A command that makes more than travels as one. */
export const tooLarge = ({ name }: Command, what: string): SkeinError =>
  new SkeinError('payload-too-large', `Cannot execute ${name}: it makes ${what}`);

/** As it is told to who took a page. */
export const toReaction = (
  outcome: Outcome,
): Extract<Taken, { type: 'taken' }>['outcomes'][number] =>
  outcome.type === 'stored' ? { receipt: outcome.receipt } : { error: toErrorBody(outcome.error) };

/** The ids of a range, in order. */
export const idsOf = (range: IdRange | null): string[] =>
  range === null
    ? []
    : Array.from({ length: range.count }, (_, index) => uuidPlus(range.id, index));
