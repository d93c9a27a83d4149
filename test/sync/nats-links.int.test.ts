/** Links over a real NATS server keep the contract of a link; a wire is bounded, and long frames pass. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { testHello, type TestHello } from '#sync/link/fixtures/test-hello.ts';
import type { Link, LinkLimits } from '#sync/link/link.ts';
import { describeLink } from '#sync/link/link-conformance.ts';
import { NatsLinks } from '#sync/nats/nats-links.ts';
import { skipWithoutNats, startNats, type NatsServer } from '../bus/nats-server.ts';
import { SPACE } from '../support/test-ledger.ts';

interface End {
  readonly hello: TestHello;
  readonly links: NatsLinks;
  readonly accepted: Promise<Link>;
  readonly connection: NatsConnection;
}

async function openEnd(server: NatsServer, limits: Partial<LinkLimits> = {}): Promise<End> {
  const connection = await connect({
    servers: server.address,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  const hello = testHello({ limits, spacesFor: () => [SPACE] });
  const accepted = Promise.withResolvers<Link>();
  const links = new NatsLinks({ connection, space: SPACE, hello, accept: accepted.resolve });
  await connection.flush();
  return { hello, links, accepted: accepted.promise, connection };
}

async function openPair(
  server: NatsServer,
  limits: Partial<LinkLimits> = {},
): Promise<{ dialler: Link; acceptor: Link; close: () => Promise<void> }> {
  const [one, other] = [await openEnd(server, limits), await openEnd(server, limits)];
  const dialler = await one.links.dial(other.hello.signer.key);
  const close = async (): Promise<void> => {
    for (const { links, connection } of [one, other]) {
      links.close();
      await connection.close();
    }
  };
  return { dialler, acceptor: await other.accepted, close };
}

/** Resolves when the server hears the connection again. */
async function isBack(connection: NatsConnection): Promise<void> {
  for (;;) {
    try {
      return await connection.flush();
    } catch {
      await sleep(20);
    }
  }
}

describe('NATS', { skip: skipWithoutNats }, () => {
  let server: NatsServer;
  before(async () => {
    server = await startNats();
  });
  after(() => server.stop());
  describeLink('the link over NATS', (limits) => openPair(server, limits));

  it('carries frames that are longer than what the server takes', async () => {
    const { dialler, acceptor, close } = await openPair(server);
    acceptor.serve((_method, { body = new Uint8Array() }) => ({ params: body.length, body }));
    const body = Buffer.alloc(6 << 20, 'x');
    const answer = await dialler.call('echo', null, { body });
    assert.deepEqual(
      [answer.params, Buffer.from(answer.body ?? []).equals(body)],
      [body.length, true],
    );
    await close();
  });

  it('reaches nobody but the node that it was for', async () => {
    const [one, other, stranger] = [
      await openEnd(server),
      await openEnd(server),
      await openEnd(server),
    ];
    await assert.rejects(
      new NatsLinks({
        ...one,
        space: SPACE,
        accept: () => undefined,
        hello: testHello({ helloMs: 300 }),
      }).dial('ab'.repeat(32)),
      { name: 'request-timeout' },
    );
    const link = await one.links.dial(other.hello.signer.key);
    assert.equal(link.peer, other.hello.signer.key);
    assert.deepEqual(stranger.hello.refusals, []);
    for (const { links, connection } of [one, other, stranger]) {
      links.close();
      await connection.close();
    }
  });

  it('notices when the server is replaced, and can be made anew', async () => {
    const [one, other] = [await openEnd(server), await openEnd(server)];
    const first = await one.links.dial(other.hello.signer.key);
    await server.kill();
    one.links.reset();
    other.links.reset();
    await first.closed;
    await server.start();
    await Promise.all([one, other].map(({ connection }) => isBack(connection)));
    const again = await one.links.dial(other.hello.signer.key);
    assert.equal(again.peer, other.hello.signer.key);
    for (const { links, connection } of [one, other]) {
      links.close();
      await connection.close();
    }
  });
});
