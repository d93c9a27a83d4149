/** Two homes that are never up together: what one wrote waits at the NATS server for the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { skipWithoutNats, startNats } from '../bus/nats-server.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { agree, atEnd, meet, openNetNode, type NetNode } from './net-node.ts';

/** Two homes that have met at a server, each with an agent. */
async function openPair(
  config: string,
  ...how: readonly string[]
): Promise<readonly [NetNode, NetNode]> {
  const server = await startNats(config);
  atEnd(() => server.stop());
  const [alpha, beta] = await Promise.all([openNetNode('alpha'), openNetNode('beta')]);
  await alpha.up('--name', 'alpha', '--nats', server.address, ...how);
  await beta.up('--name', 'beta', '--nats', server.address, ...how);
  await meet(alpha, beta);
  await alpha.ok('agents', 'add', 'a');
  await beta.ok('agents', 'add', 'b');
  await agree([alpha, beta]);
  return [alpha, beta];
}

/** Alpha writes while beta is down, and is down when beta comes. */
async function miss([alpha, beta]: readonly [NetNode, NetNode]): Promise<void> {
  await beta.ok('down');
  for (let index = 0; index < 5; index += 1) await alpha.ok('send', 'b', `letter ${index}`);
  await alpha.ok('down');
  await beta.up();
}

describe('homes that are never up together', { skip: skipWithoutNats }, () => {
  it('have what the other wrote, where the server has JetStream', { timeout: 90_000 }, async () => {
    const [alpha, beta] = await openPair('jetstream: enabled');
    assert.equal((await alpha.status()).network.nats?.handOver, 'on');
    assert.match(await alpha.ok('status'), /keeps pages for nodes that are down/u);
    await miss([alpha, beta]);
    await becomes('five letters wait', async () => (await beta.waiting('b')).length === 5);
    await alpha.up();
    await agree([alpha, beta]);
    assert.equal((await beta.waiting('b')).length, 5);
  });

  it('have it later where it has not, and say why', { timeout: 90_000 }, async () => {
    const [alpha, beta] = await openPair('');
    assert.equal((await alpha.status()).network.nats?.handOver, 'the server has no JetStream');
    assert.match(await alpha.ok('status'), /keeps no pages: the server has no JetStream/u);
    await miss([alpha, beta]);
    const told = async (): Promise<string | null | undefined> =>
      (await beta.status()).network.nats?.handOver;
    await becomes('it has looked', async () => (await told()) === 'the server has no JetStream');
    assert.equal((await beta.waiting('b')).length, 0);
    await alpha.up();
    await becomes('five letters wait', async () => (await beta.waiting('b')).length === 5);
  });

  it('leave nothing at the server when they are told so', { timeout: 90_000 }, async () => {
    const [alpha, beta] = await openPair('jetstream: enabled', '--nats-keep-nothing');
    assert.match(await alpha.ok('status'), /keeps no pages: it is switched off/u);
    await miss([alpha, beta]);
    const servers = (await beta.status()).network.nats?.servers ?? [];
    const connection = await connect({ servers: [...servers] });
    const streams = await (await jetstreamManager(connection)).streams.list().next();
    await connection.close();
    assert.deepEqual(streams, []);
    assert.equal((await beta.waiting('b')).length, 0);
  });
});
