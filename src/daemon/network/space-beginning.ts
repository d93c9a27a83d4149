/** A space that was just joined: until its beginning is here nothing can be said in it. */
import type { Ledger } from '#ledger/ledger.ts';
import { membersOf } from './space-desk.ts';

/** How long somebody who joins waits for that, in milliseconds; it comes afterwards as well. */
const LIMIT_MS = 10_000;

/** Resolves when the record says that `key` is a member, or when that takes too long. */
export async function awaitBeginning(
  ledger: Pick<Ledger, 'read' | 'space' | 'subscribe'>,
  key: string,
): Promise<void> {
  const isIn = (): boolean => membersOf(ledger)?.includes(key) === true;
  const signal = AbortSignal.timeout(LIMIT_MS);
  if (isIn()) return;
  for await (const events of ledger.subscribe({ after: 0, follow: true, signal })) {
    if (events.length > 0 && isIn()) return;
  }
}
