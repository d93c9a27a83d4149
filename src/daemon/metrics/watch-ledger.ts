/** A ledger that is measured: how long commands take, and how many read it. */
import type { Ledger } from '#ledger/ledger.ts';
import type { Metrics } from '#telemetry/metrics.ts';

/** What measuring needs. */
export interface WatchOptions {
  readonly metrics: Metrics;
  readonly monotonicMs: () => number;
  /** Called after a command that may have changed the record. */
  readonly changed: () => void;
}

/** The same ledger, measured. */
export function watchLedger(
  ledger: Ledger,
  { metrics, monotonicMs, changed }: WatchOptions,
): Ledger {
  const duration = metrics.histogram('skein_append_duration_seconds');
  const subscribers = metrics.gauge('skein_subscribers');
  return {
    ...ledger,
    execute: async (command, speaker) => {
      const startedMs = monotonicMs();
      let outcome = 'refused';
      try {
        const receipt = await ledger.execute(command, speaker);
        outcome = receipt.repeated ? 'repeated' : 'stored';
        return receipt;
      } finally {
        duration.observe((monotonicMs() - startedMs) / 1000, { outcome });
        if (outcome === 'stored') changed();
      }
    },
    exchange: {
      ...ledger.exchange,
      take: async (...page) => {
        const taken = await ledger.exchange.take(...page);
        changed();
        return taken;
      },
    },
    subscribe: (from) => {
      const pages = ledger.subscribe(from);
      return countReader(pages, from.signal, (change) => subscribers.add(change));
    },
  };
}

/**
 * Counted from the first page that is asked for until the end, or until the reader's signal: one that
 * stops asking would otherwise be counted for ever.
 */
async function* countReader<T>(
  pages: AsyncIterable<T>,
  signal: AbortSignal | undefined,
  count: (change: 1 | -1) => void,
): AsyncGenerator<T> {
  let isInside = true;
  const leave = (): void => {
    if (isInside) count(-1);
    isInside = false;
    signal?.removeEventListener('abort', leave);
  };
  count(1);
  if (signal?.aborted === true) leave();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    yield* pages;
  } finally {
    leave();
  }
}
