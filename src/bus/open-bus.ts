/** Picks the carrier of the bus. What only one of them needs is loaded with that one. */
import type { SkeinError } from '#protocol/errors.ts';
import type { BusTimers } from './bus-timers.ts';
import type { Bus } from './bus.ts';
import type { NatsOptions } from './nats/nats-options.ts';
import type { FrameLink } from './socket/frame-link.ts';

/** Which carrier, and how it is reached. */
export type BusCarrier =
  | { readonly type: 'memory' }
  | ({ readonly type: 'nats' } & NatsOptions)
  | { readonly type: 'socket'; readonly link: FrameLink };

/** What every carrier needs from outside. */
export interface BusSurroundings extends BusTimers {
  /** Told what handlers threw, and what a carrier refused. */
  readonly report: (error: SkeinError) => void;
}

/** A new carrier in memory, or a connection to one that is there. Throws as `openNatsBus` does. */
export async function openBus(carrier: BusCarrier, surroundings: BusSurroundings): Promise<Bus> {
  switch (carrier.type) {
    case 'memory': {
      const { makeMemoryBus } = await import('./memory-bus.ts');
      return makeMemoryBus(surroundings);
    }
    case 'nats': {
      const { openNatsBus } = await import('./nats/nats-bus.ts');
      return openNatsBus({ ...carrier, ...surroundings });
    }
    case 'socket': {
      const { makeSocketBus } = await import('./socket/socket-bus.ts');
      return makeSocketBus({ link: carrier.link, ...surroundings });
    }
  }
}
