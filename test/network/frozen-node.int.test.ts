/** A node that is stopped with SIGSTOP: nobody waits for it, it is told to be late and lost, and comes back. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ListedAgent } from '#api/bus-door.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { agree, isLong, logOf, meet, openListening, type NetNode } from './net-node.ts';
import { cameOnce, startReader, startSender } from './traffic.ts';

const COUNT = 100;

describe('a frozen node among three', () => {
  let alpha: NetNode;
  let beta: NetNode;
  let frozen: NetNode;
  let space: string;

  before(async () => {
    [alpha, beta, frozen] = await Promise.all([
      openListening('alpha'),
      openListening('beta'),
      openListening('frozen'),
    ]);
    space = await meet(alpha, beta);
    await meet(alpha, frozen);
    await alpha.ok('agents', 'add', 'ann');
    await beta.ok('agents', 'add', 'bob');
    await frozen.ok('agents', 'add', 'ida', '--limit', '1000');
    await agree([alpha, beta, frozen]);
    await becomes('ida is seen', async () => (await presenceOf('ida')) === 'alive');
  });

  const presenceOf = async (name: string): Promise<string | null | undefined> =>
    (await alpha.data<ListedAgent>('agents')).find((agent) => agent.name === name)?.presence;

  it('slows nobody; presence goes late (lost, when it lasts) and alive again, each as an event', async (t) => {
    const { key } = await frozen.status();
    const recorded = async (): Promise<unknown[]> =>
      (await logOf(alpha, space))
        .filter(({ type, subject }) => type === 'presence.changed' && subject === `node/${key}`)
        .map(({ data }) => data['to']);
    const warm = await timeOf(alpha, beta, 'w');
    await frozen.signal('SIGSTOP');
    const cold = await timeOf(alpha, beta, 'f');
    t.diagnostic(`${COUNT} messages took ${warm} ms before and ${cold} ms with a frozen member`);
    for (let sent = 1; sent <= COUNT; sent += 1) {
      await alpha.post('message.send', { to: 'ida', text: String(sent) }, { as: 'ann' });
    }
    await becomes('it is late', async () => (await presenceOf('ida')) === 'late');
    // What is seen becomes an event only when it has held for a while.
    await becomes('that is on the record', async () => (await recorded()).includes('late'));
    // That takes a minute of silence.
    if (isLong) await becomes('it is lost', async () => (await presenceOf('ida')) === 'lost');
    const { rssBytes } = await alpha.status();
    assert.ok(rssBytes < 600e6, `${rssBytes} bytes`);

    await frozen.signal('SIGCONT');
    const reader = startReader(frozen, 'ida');
    await cameOnce(reader, 1, COUNT);
    await reader.stop();
    await becomes('it is alive', async () => (await presenceOf('ida')) === 'alive');
    await becomes('that is on the record', async () => (await recorded()).includes('alive'));
    await agree([alpha, beta, frozen]);
    const seen = await recorded();
    for (const presence of ['late', ...(isLong ? ['lost'] : []), 'alive']) {
      assert.ok(seen.includes(presence), `${presence} is not in ${seen.join(', ')}`);
    }
  });
});

/** How long it takes until so many messages have come from one to the other, in milliseconds. */
async function timeOf(from: NetNode, to: NetNode, tag: string): Promise<number> {
  await from.ok('agents', 'add', `${tag}-from`);
  await to.ok('agents', 'add', `${tag}-to`);
  await agree([from, to]);
  const startMs = performance.now();
  const reader = startReader(to, `${tag}-to`);
  const { done } = startSender(from, { from: `${tag}-from`, to: `${tag}-to`, count: COUNT });
  await done;
  await cameOnce(reader, 1, COUNT);
  await reader.stop();
  return Math.round(performance.now() - startMs);
}
