/** Counts what messages and links do, while they do it. */
import type { Bus, BusMessage } from '#bus/bus.ts';
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { SyncNews } from '#sync/sync.ts';
import { shortId } from '#telemetry/metric-names.ts';
import type { Metrics } from '#telemetry/metrics.ts';

/** A bus that counts what is handed to it and what it gives; the kind is that of the subject. */
export function countingBus(bus: Bus, metrics: Metrics): Bus {
  const published = metrics.counter('skein_bus_published_total');
  const delivered = metrics.counter('skein_bus_delivered_total');
  const dropped = metrics.counter('skein_bus_dropped_total');
  const refused = metrics.counter('skein_bus_refused_total');
  const counted = async <T>(message: BusMessage, send: () => Promise<T>): Promise<T> => {
    try {
      const answer = await send();
      published.add(1, { kind: kindOf(message.subject) });
      return answer;
    } catch (thrown) {
      refused.add(1, { reason: toSkeinError(thrown).name });
      throw thrown;
    }
  };
  return {
    publish: (message) => counted(message, () => bus.publish(message)),
    request: (message, timeoutMs) => counted(message, () => bus.request(message, timeoutMs)),
    subscribe: (subject, handle, options = {}) => {
      const kind = kindOf(subject);
      let known = 0;
      return bus.subscribe(
        subject,
        (...given) => {
          delivered.add(1, { kind });
          return handle(...given);
        },
        {
          ...options,
          overflow: (count) => {
            dropped.add(count - known, { kind });
            known = count;
            options.overflow?.(count);
          },
        },
      );
    },
    close: () => bus.close(),
  };
}

const kindOf = (subject: string): string => subject.split('.')[2] ?? 'unknown';

/** What the network tells while it works. */
export interface NetworkMeter {
  readonly observe: (news: SyncNews) => void;
  readonly pageCame: (bytes: number) => void;
  readonly pageTaken: (from: string) => void;
  /** Follows what becomes of messages in a space, until `signal`. */
  readonly follow: (ledger: Ledger, nodeKey: string, signal: AbortSignal) => Promise<void>;
}

/** A meter of one node's network. */
export function makeNetworkMeter(metrics: Metrics): NetworkMeter {
  const taken = metrics.counter('skein_sync_pages_taken_total');
  const refused = metrics.counter('skein_sync_pages_refused_total');
  const bytes = metrics.counter('skein_sync_bytes_total');
  const dead = metrics.counter('skein_dead_letters_total');
  const again = metrics.counter('skein_redeliveries_total');
  return {
    observe: (news) => {
      if (news.type === 'sent') bytes.add(news.bytes, { direction: 'out' });
      if (news.type !== 'refused') return;
      refused.add(1, { node: shortId(news.peer ?? 'unknown'), reason: news.reason });
    },
    pageCame: (count) => bytes.add(count, { direction: 'in' }),
    pageTaken: (from) => taken.add(1, { node: shortId(from) }),
    follow: async (ledger, nodeKey, signal) => {
      const after = ledger.stats().events;
      for await (const events of ledger.subscribe({ after, follow: true, signal })) {
        for (const { author, type, body } of events) {
          if (author !== nodeKey || body === null) continue;
          if (type === 'message.dead-lettered') dead.add(1, { reason: deadReason(body) });
          if (type === 'message.delivered') again.add(redelivered(ledger, body));
        }
      }
    },
  };
}

function deadReason(body: Uint8Array): string {
  const { data } = decodeEvent(body).event as { readonly data: { readonly reason: string } };
  return data.reason.startsWith('not answered') ? 'not answered' : 'given back';
}

/** How many of a delivery were handed out before. */
function redelivered({ read }: Ledger, body: Uint8Array): number {
  const { data } = decodeEvent(body).event as {
    readonly data: { readonly inbox: string; readonly messages: readonly string[] };
  };
  const state = read.entity('inbox', data.inbox)?.body as InboxState | undefined;
  const handed = new Set(data.messages);
  return (
    state?.waiting.filter(({ message, tries }) => handed.has(message) && tries > 1).length ?? 0
  );
}
