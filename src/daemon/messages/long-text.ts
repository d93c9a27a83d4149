/** Reads texts that travel as a blob whole, where the blob can be had. */
import type { Letter } from '#bus/inbox/letters.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import type { BlobReference, Ledger } from '#ledger/ledger.ts';
import { toSkeinError } from '#protocol/errors.ts';

/** A text as an event has it; `isCut`: the rest is at another node. */
interface Said {
  readonly text: string;
  readonly body?: BlobReference;
}

/** The whole text; where the blob is not on this node, how it begins, and `isCut`. */
export function lengthen<T extends Said>({ blobs }: Ledger, said: T): T & { isCut?: true } {
  if (said.body === undefined) return said;
  try {
    return { ...said, text: blobs.get(said.body.hash).toString('utf8') };
  } catch (thrown) {
    return cut(said, thrown);
  }
}

/** The same for one that was handed out: a blob of another node is fetched. */
export async function fetchWhole(
  mailroom: Mailroom,
  letter: Letter,
): Promise<Letter & { isCut?: true }> {
  if (letter.body === undefined) return letter;
  try {
    return { ...letter, text: await mailroom.textOf(letter) };
  } catch (thrown) {
    return cut(letter, thrown);
  }
}

/** The message is more than its rest: that it can't be had must not hold it up. */
function cut<T extends Said>(said: T, thrown: unknown): T & { isCut: true } {
  const { name, retryable } = toSkeinError(thrown);
  if (name !== 'blob-missing' && !retryable) throw thrown;
  return { ...said, isCut: true };
}
