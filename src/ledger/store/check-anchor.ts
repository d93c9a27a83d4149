/**
 * The anchor is compared with the ledger before anything is written: a writer that went on at
 * the end of a cut tail would overwrite the only witness of the cut.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SkeinError } from '#protocol/errors.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { damaged, lastPosition } from './ledger-state.ts';

/** Why this ledger must not be continued, given what `readHeadFile` said; undefined = it may be. */
export function anchorProblem(
  database: DatabaseSync,
  anchor: ChainHead | null | undefined,
): SkeinError | undefined {
  if (anchor === null) return damaged('its anchor, the file "head", can not be read');
  if (anchor === undefined) {
    // Killed between the genesis and its anchor: one commit may stand alone.
    const commits = lastPosition(database, 'commits');
    return commits > 1 ? damaged('its anchor, the file "head", is missing') : undefined;
  }
  const { chain, seq, hash } = anchor;
  const row = database
    .prepare('SELECT hash FROM commits WHERE chain = ? AND seq = ?')
    .get(chain, seq);
  if (row === undefined) return damaged(`commit ${seq} of its chain was written and is gone`);
  return row['hash'] === hash ? undefined : damaged(`commit ${seq} of its chain is another one`);
}
