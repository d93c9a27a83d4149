/** Rings when a record grows, by way of a subscription. */
import type { Ledger } from '#ledger/ledger.ts';

/** `SyncSpace.grown` of a ledger. */
export function growthOf(
  ledger: Pick<Ledger, 'read' | 'subscribe'>,
): (ring: () => void) => () => void {
  return (ring) => {
    const stop = new AbortController();
    const [last] = ledger.read.events({ after: 0, newestFirst: true, limit: 1 });
    const follow = async (): Promise<void> => {
      const from = { after: last?.position ?? 0, follow: true, signal: stop.signal };
      const events = ledger.subscribe(from)[Symbol.asyncIterator]();
      while ((await events.next()).done !== true) ring();
    };
    // A ledger that was closed grows no more.
    follow().catch(() => undefined);
    return () => stop.abort();
  };
}
