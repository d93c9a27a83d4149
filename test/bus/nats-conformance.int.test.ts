/** The bus over a real NATS server keeps the contract of the bus, over two connections. */
import { after, before, describe } from 'node:test';
import { describeBus } from '#bus/bus-conformance.ts';
import { skipWithoutNats, startNats, type NatsServer } from './nats-server.ts';
import { openNats } from './open-nats.ts';

describe('NATS', { skip: skipWithoutNats }, () => {
  let server: NatsServer;
  before(async () => {
    server = await startNats();
  });
  after(() => server.stop());
  describeBus('the bus over NATS', () => openNats([server.address]));
});
