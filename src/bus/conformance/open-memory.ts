/** A carrier in memory with the timers of this process, as tests and benches use it. */
import type { SkeinError } from '#protocol/errors.ts';
import type { BusTimers } from '../bus-timers.ts';
import { makeMemoryBus, type MemoryBus, type MemoryBusOptions } from '../memory-bus.ts';
import type { OpenedBus } from './stage.ts';

/** The timers of Node. */
export const NODE_TIMERS: BusTimers = {
  soon: setImmediate,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A carrier in memory, and its first connection. */
export interface OpenedMemory extends OpenedBus {
  readonly bus: MemoryBus;
  readonly connect: () => Promise<MemoryBus>;
}

/** A new carrier that keeps what it reports; some options may be others. */
export async function openMemory(options: Partial<MemoryBusOptions> = {}): Promise<OpenedMemory> {
  const reported: SkeinError[] = [];
  const report = (error: SkeinError): void => void reported.push(error);
  const bus = makeMemoryBus({ ...NODE_TIMERS, report, ...options });
  const connections = [bus];
  return {
    bus,
    connect: async () => {
      const connection = bus.connect();
      connections.push(connection);
      return connection;
    },
    reported: () => reported,
    close: async () => {
      for (const connection of connections) await connection.close();
    },
  };
}
