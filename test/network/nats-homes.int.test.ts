/** Homes that meet over real NATS servers: killed, replaced by a cluster, behind a leaf, away at the start. */
import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { startProxy } from '../bus/cut-proxy.ts';
import { freePort, skipWithoutNats, startNats, type NatsServer } from '../bus/nats-server.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { agree, atEnd, isLong, linked, meet, openNetNode, type NetNode } from './net-node.ts';
import { cameOnce, recordedOnce, startReader, startSender } from './traffic.ts';

const COUNT = isLong ? 2_500 : 100;

/** Brings messages both ways while `trouble` goes on, and shows that each came once and in order. */
async function holds(
  [alpha, beta]: readonly [NetNode, NetNode],
  { a, b, space }: { readonly a: string; readonly b: string; readonly space: string },
  trouble: () => Promise<void>,
): Promise<void> {
  await alpha.ok('agents', 'add', a);
  await beta.ok('agents', 'add', b);
  await agree([alpha, beta]);
  const readers = [startReader(alpha, a), startReader(beta, b)] as const;
  const senders = [
    startSender(alpha, { from: a, to: b, count: COUNT }),
    startSender(beta, { from: b, to: a, count: COUNT }),
  ] as const;
  await becomes('some are sent', async () => senders.every((each) => each.sent() > COUNT / 5));
  await trouble();
  await Promise.all(senders.map(({ done }) => done));
  await Promise.all(readers.map((reader) => cameOnce(reader, 1, COUNT)));
  await Promise.all(readers.map(({ stop }) => stop()));
  await agree([alpha, beta]);
  await recordedOnce(alpha, space, 2 * COUNT, new RegExp(`^(?:${a}|${b})@`, 'u'));
}

describe('two homes at a NATS server', { skip: skipWithoutNats }, () => {
  let server: NatsServer;
  let alpha: NetNode;
  let beta: NetNode;
  let space: string;

  before(async () => {
    server = await startNats();
    atEnd(() => server.stop());
    [alpha, beta] = await Promise.all([openNetNode('alpha'), openNetNode('beta')]);
    await alpha.up('--name', 'alpha', '--nats', server.address);
    await beta.up('--name', 'beta', '--nats', server.address);
    space = await meet(alpha, beta);
  });

  it('let in each other by invitation, and say so', async () => {
    await agree([alpha, beta]);
    const { network } = await beta.status();
    assert.equal(network.nats?.servers[0], server.address);
    assert.match(network.nats?.version ?? '', /^\d+\.\d+/u);
    const told = await beta.ok('status');
    assert.match(told, new RegExp(server.address.replaceAll('.', String.raw`\.`), 'u'));
  });

  it('lose nothing when the server is killed and started again', async () => {
    await holds([alpha, beta], { a: 'a1', b: 'b1', space }, async () => {
      await server.kill();
      await alpha.ok('send', 'topic:news', 'said while there is no server');
      await server.start();
    });
  });

  it('work on and tell the problem when they start without it, and meet when it is back', async () => {
    await Promise.all([alpha.ok('down'), beta.ok('down')]);
    await server.kill();
    await beta.up();
    await beta.ok('agents', 'add', 'alone');
    await beta.ok('send', 'alone', 'to myself');
    assert.equal((await beta.waiting('alone')).length, 1);
    const { network } = await beta.status();
    assert.match(network.problem ?? '', /Cannot/u);
    assert.ok((await beta.ok('status')).includes(network.problem ?? 'none'));
    await alpha.up();
    await server.start();
    await Promise.all([linked(alpha), linked(beta)]);
    assert.equal((await beta.status()).network.problem, null);
    await agree([alpha, beta]);
  });

  it('go over to a cluster of three, whose servers are killed one after the other', async (context) => {
    const servers = await startCluster(context);
    const how = servers.flatMap(({ address }) => ['--nats', address]);
    await alpha.up(...how);
    await beta.up(...how);
    await server.kill();
    await Promise.all([linked(alpha), linked(beta)]);
    await holds([alpha, beta], { a: 'a2', b: 'b2', space }, async () => {
      for (const each of servers) {
        await each.kill();
        await alpha.ok('send', 'topic:news', 'said while one server is gone');
        await each.start();
      }
    });
  });
});

describe('two homes, one behind a leaf', { skip: skipWithoutNats }, () => {
  it('lose nothing when the leaf is cut off and comes back', async (context) => {
    const port = await freePort();
    const hub = await startIn(context, `leafnodes { listen: "127.0.0.1:${port}" }`);
    const proxy = await startProxy(port);
    context.after(() => proxy.close());
    const remote = `remotes: [{ url: "nats://127.0.0.1:${proxy.port}" }], reconnect: 1`;
    const leaf = await startIn(context, `leafnodes { ${remote} }`);
    const [alpha, beta] = await Promise.all([openNetNode('alpha'), openNetNode('beta')]);
    await alpha.up('--name', 'alpha', '--nats', hub.address);
    await beta.up('--name', 'beta', '--nats', leaf.address);
    await becomes('the leaf is joined', async () => proxy.open() > 0);
    const space = await meet(alpha, beta);
    await holds([alpha, beta], { a: 'a1', b: 'b1', space }, async () => {
      proxy.cut();
      await alpha.ok('send', 'topic:news', 'said while the leaf is cut off');
      await beta.ok('send', 'topic:news', 'said on the leaf');
      proxy.heal();
    });
  });
});

async function startIn(context: TestContext, config: string): Promise<NatsServer> {
  const server = await startNats(config);
  context.after(() => server.stop());
  return server;
}

async function startCluster(context: TestContext): Promise<readonly NatsServer[]> {
  const routes = await Promise.all([1, 2, 3].map(() => freePort()));
  const all = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  return Promise.all(
    routes.map((port, index) =>
      startIn(
        context,
        `server_name: s${index}\ncluster { name: c, listen: "127.0.0.1:${port}", routes: [${all}] }`,
      ),
    ),
  );
}
