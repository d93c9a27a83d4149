/** What is said to `skein up` is kept, and what is taken back is gone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { freePort, skipWithoutNats, startNats } from '../bus/nats-server.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { greeterRepository } from '../support/line-repository.ts';
import { atEnd, openListening, openNetNode } from './net-node.ts';

it('forgets all settings but what is said in the same breath, when the node is to be alone', async () => {
  const node = await openListening('hermit');
  await node.up('--peer', 'ws://127.0.0.1:1', '--workers', '2');
  const kept = (): Record<string, unknown> =>
    JSON.parse(readFileSync(join(node.home, 'network.json'), 'utf8')) as Record<string, unknown>;
  // The twin: there is something to forget.
  assert.deepEqual(kept()['peers'], ['ws://127.0.0.1:1']);
  assert.notEqual((await node.status()).network.sync, null);

  await node.up('--alone', '--workers', '3');
  const { listen, peers, nats, workers, name } = kept();
  assert.deepEqual([listen, peers, nats, workers, name], [null, [], null, 3, 'hermit']);
  const { network } = await node.status();
  assert.deepEqual([network.sync, network.listening], [null, []]);
});

it('says where messages go, also to who joins a second time or has had messages before', async () => {
  const [owner, guest] = await Promise.all([openListening('host'), openListening('guest')]);
  await guest.ok('agents', 'add', 'own');
  const invited = await owner.data<{ code: string }>('invite');
  const code = invited[0]?.code ?? '';
  const joined = async (...how: readonly string[]): Promise<unknown> =>
    (await guest.data<{ isDefault: boolean }>('join', code, ...how))[0]?.isDefault;
  assert.equal(await joined(), false);
  assert.match(
    (await guest.run('join', code)).stderr,
    /messages stay .* join again with --default/u,
  );
  assert.equal(await joined('--default'), true);
  assert.equal(await joined(), true);
});

it('listens as soon as it can where it was told to, and says meanwhile why it does not', async () => {
  const node = await openListening('patient');
  await node.ok('down');
  const other = createServer().listen(node.port, '127.0.0.1');
  atEnd(() => other.close());
  await once(other, 'listening');
  await node.up();
  await becomes('it says so', async () => (await node.status()).network.problem !== null);
  const { problem, listening } = (await node.status()).network;
  assert.match(problem ?? '', /Cannot listen .*EADDRINUSE/u);
  assert.deepEqual(listening, []);
  assert.match(await node.ok('status'), /EADDRINUSE/u);
  // New settings that can't work are still refused, not tried again.
  assert.equal((await node.run('up', '--listen', `127.0.0.1:${node.port}`)).code, 2);

  await new Promise((resolve) => void other.close(resolve));
  await becomes('it listens', async () => (await node.status()).network.listening.length === 1);
  assert.equal((await node.status()).network.problem, null);
});

it('joins also from a node that met nobody, and from one where somebody only looked', async () => {
  const owner = await openListening('inviter');
  const guest = await openNetNode('newcomer');
  assert.match(await guest.ok('inbox'), /Nothing waits|^$/u);
  assert.equal((await guest.run('join', 'no code at all')).code, 1);
  assert.equal((await guest.status()).network.sync, null);
  const [{ code } = { code: '' }] = await owner.data<{ code: string }>('invite');
  const [joined] = await guest.data<{ isDefault: boolean }>('join', code);
  assert.equal(joined?.isDefault, true);
  await guest.ok('agents', 'add', 'zoe');
  await becomes('the inviter knows', async () => (await owner.ok('agents')).includes('zoe'));
});

it("keeps messages where they are when a repository's space is joined", async () => {
  const owner = await openListening('keeper');
  const guest = await openNetNode('helper');
  const { top } = greeterRepository();
  const [{ code } = { code: '' }] = await owner.data<{ code: string }>('invite', '--repo', top);
  const [joined] = await guest.data<{ isDefault: boolean }>('join', code);
  assert.equal(joined?.isDefault, false);
});

it(
  'listens though its NATS server is away, and meets over NATS when that comes',
  { skip: skipWithoutNats },
  async () => {
    const port = await freePort();
    const node = await openListening('early');
    await node.up('--nats', `127.0.0.1:${port}`);
    const before = (await node.status()).network;
    assert.equal(before.listening.length, 1);
    assert.match(before.problem ?? '', /Cannot reach the bus/u);
    const server = await startNats('', port);
    atEnd(() => server.stop());
    await becomes(
      'NATS is reached',
      async () => (await node.status()).network.nats?.version !== null,
    );
    assert.equal((await node.status()).network.problem, null);
  },
);

it('names a file of settings that can not be read', async () => {
  const node = await openNetNode('broken');
  await node.ok('up');
  await node.ok('down');
  writeFileSync(join(node.home, 'network.json'), '{bad');
  const { code, stderr } = await node.run('up');
  assert.notEqual(code, 0);
  assert.match(stderr, /network\.json: it is no JSON/u);
});
