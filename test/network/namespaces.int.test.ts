/**
 * Two nodes on two machines, as far as one machine can show it: network namespaces with a cable between
 * them that is pulled. Unlike a closed socket nobody is told of that.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { becomes } from '../bus-cli/bus-home.ts';
import { agree, isLong, openNetNode, type NetNode } from './net-node.ts';
import { cameOnce, recordedOnce, startReader, startSender } from './traffic.ts';

const ENTRY = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
const COUNT = isLong ? 2_500 : 100;
const CUTS = isLong ? 5 : 2;
/** Short enough for the names of interfaces (15), and no other run's. */
const TAG = `sk${process.pid % 100_000}`;

const ip = (...words: readonly string[]): boolean => spawnSync('ip', words).status === 0;

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root: sudo npm test';
  if (spawnSync('ip', ['-V']).status !== 0) return 'ip is not installed: apt-get install iproute2';
  if (!ip('netns', 'add', `${TAG}p`)) return 'this machine allows no network namespaces';
  ip('netns', 'del', `${TAG}p`);
  return false;
}

/** Starts a node there; its Unix socket is reached from everywhere. */
function upInside(name: string, node: NetNode, ...how: readonly string[]): void {
  const command = [process.execPath, ENTRY, 'up', '--name', node.name, ...how];
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', `${TAG}${name}`, ...command], {
    env: {
      PATH: process.env['PATH'],
      HOME: node.person,
      SKEIN_HOME: node.home,
      XDG_RUNTIME_DIR: node.person,
    },
    timeout: 60_000,
  });
  assert.equal(status, 0, String(stderr));
}

describe('two machines with a cable', { skip: whyNot() }, () => {
  after(() => {
    for (const name of ['a', 'b']) ip('netns', 'del', `${TAG}${name}`);
  });

  it('lose nothing when it is pulled again and again, and nobody is told', async (t) => {
    lay();
    const alpha = await openNetNode('alpha');
    const beta = await openNetNode('beta');
    upInside('a', alpha, '--listen', `10.77.0.1:${alpha.port}`);
    upInside('b', beta, '--peer', `ws://10.77.0.1:${alpha.port}`);
    const [invited] = await alpha.data<{ code: string; space: string }>('invite');
    await beta.ok('join', invited?.code ?? '', '--default');
    const space = invited?.space ?? '';
    await alpha.ok('agents', 'add', 'ann');
    await beta.ok('agents', 'add', 'bob');
    await agree([alpha, beta]);
    const readers = [startReader(alpha, 'ann'), startReader(beta, 'bob')] as const;
    const senders = [
      startSender(alpha, { from: 'ann', to: 'bob', count: COUNT }),
      startSender(beta, { from: 'bob', to: 'ann', count: COUNT }),
    ] as const;
    const sent = (): number => senders[0].sent() + senders[1].sent();
    for (let cut = 1; cut <= CUTS; cut += 1) {
      await becomes('some are sent', async () => sent() >= (2 * COUNT * cut) / (CUTS + 2));
      assert.ok(ip('-n', `${TAG}a`, 'link', 'set', `${TAG}va`, 'down'));
      const goal = Math.min(2 * COUNT, sent() + COUNT / 5);
      await becomes('some more are sent', async () => sent() >= goal);
      assert.ok(ip('-n', `${TAG}a`, 'link', 'set', `${TAG}va`, 'up'));
    }
    await Promise.all(senders.map(({ done }) => done));
    const startMs = performance.now();
    await Promise.all(readers.map((reader) => cameOnce(reader, 1, COUNT)));
    t.diagnostic(`all there ${Math.round(performance.now() - startMs)} ms after the last was sent`);
    await Promise.all(readers.map(({ stop }) => stop()));
    await agree([alpha, beta]);
    await recordedOnce(beta, space, 2 * COUNT, /^(?:ann|bob)@/u);
  });
});

/** Two namespaces with a cable between them. */
function lay(): void {
  const [a, b, va, vb] = ['a', 'b', 'va', 'vb'].map((name) => `${TAG}${name}`) as [
    string,
    string,
    string,
    string,
  ];
  assert.ok(ip('netns', 'add', a) && ip('netns', 'add', b));
  assert.ok(ip('link', 'add', va, 'netns', a, 'type', 'veth', 'peer', 'name', vb, 'netns', b));
  for (const [name, link, address] of [
    [a, va, '10.77.0.1/24'],
    [b, vb, '10.77.0.2/24'],
  ] as const) {
    assert.ok(ip('-n', name, 'address', 'add', address, 'dev', link));
    assert.ok(ip('-n', name, 'link', 'set', link, 'up'));
    assert.ok(ip('-n', name, 'link', 'set', 'lo', 'up'));
  }
}
