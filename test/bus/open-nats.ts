/** Connections to NATS as the tests use them: with the timers of Node, and all that they report. */
import { NODE_TIMERS } from '#bus/conformance/open-memory.ts';
import type { OpenedBus } from '#bus/conformance/stage.ts';
import { openNatsBus, type NatsBus, type NatsBusOptions } from '#bus/nats/nats-bus.ts';
import type { SkeinError } from '#protocol/errors.ts';

/** A first connection, and what closes it with all that came from it. */
export interface OpenedNats extends OpenedBus {
  readonly bus: NatsBus;
  readonly connect: () => Promise<NatsBus>;
}

/** Opens a bus at `servers`. */
export async function openNats(
  servers: readonly string[],
  options: Partial<NatsBusOptions> = {},
): Promise<OpenedNats> {
  const reported: SkeinError[] = [];
  const report = (error: SkeinError): void => void reported.push(error);
  const bus = await openNatsBus({
    ...NODE_TIMERS,
    servers,
    report,
    reconnectWaitMs: 50,
    ...options,
  });
  const connections = [bus];
  return {
    bus,
    connect: async () => {
      const connection = await bus.connect();
      connections.push(connection);
      return connection;
    },
    reported: () => reported,
    close: async () => {
      for (const connection of connections) await connection.close();
    },
  };
}
