/** A link that breaks and heals, and a node that was away for long: all arrives, once, in order, to the same state. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { startProxy, type CutProxy } from '../bus/cut-proxy.ts';
import { becomes, newId } from '../bus-cli/bus-home.ts';
import { agree, atEnd, isLong, linked, meet, openNetNode, type NetNode } from './net-node.ts';
import { cameOnce, recordedOnce, startReader, startSender, type Reader } from './traffic.ts';

/** Each sender's part of 10,000 messages (1,000 in short), of which half go each way. */
const COUNT = isLong ? 2_500 : 250;
const EVENTS = isLong ? 100_000 : 5_000;
const AT_ONCE = 32;

describe('the account of what came', () => {
  const given = (texts: readonly string[], again = 0): Reader => ({
    handled: new Map([['bob@1', texts]]),
    again: () => again,
    stop: async () => undefined,
  });

  it('notices what came in another order, twice, or again after it was done with', async () => {
    await cameOnce(given(['1', '2', '3']), 1, 3);
    await assert.rejects(cameOnce(given(['1', '3', '2']), 1, 3));
    await assert.rejects(cameOnce(given(['1', '2', '2', '3']), 1, 3));
    await assert.rejects(cameOnce(given(['1', '2', '3'], 1), 1, 3));
  });
});

describe('two nodes with a link that can be cut', () => {
  let alpha: NetNode;
  let beta: NetNode;
  let proxy: CutProxy;
  let space: string;

  before(async () => {
    [alpha, beta] = await Promise.all([openNetNode('alpha'), openNetNode('beta')]);
    proxy = await startProxy(alpha.port);
    atEnd(() => proxy.close());
    const way = ['--advertise', `ws://127.0.0.1:${proxy.port}`];
    await alpha.up('--name', 'alpha', '--listen', `127.0.0.1:${alpha.port}`, ...way);
    await beta.up('--name', 'beta', '--listen', `127.0.0.1:${beta.port}`);
    space = await meet(alpha, beta);
    for (const name of ['a1', 'a2']) await alpha.ok('agents', 'add', name);
    for (const name of ['b1', 'b2']) await beta.ok('agents', 'add', name);
    await agree([alpha, beta]);
  });

  it(`brings ${4 * COUNT} messages over many cuts, each once and in order`, async (t) => {
    const readers = [startReader(alpha, 'a1'), startReader(beta, 'b1')] as const;
    const senders = [
      startSender(alpha, { from: 'a1', to: 'b1', count: COUNT }),
      startSender(alpha, { from: 'a2', to: 'b1', count: COUNT }),
      startSender(beta, { from: 'b1', to: 'a1', count: COUNT }),
      startSender(beta, { from: 'b2', to: 'a1', count: COUNT }),
    ];
    const sent = (): number => senders.reduce((sum, each) => sum + each.sent(), 0);
    const cuts = 5;
    for (let cut = 1; cut <= cuts; cut += 1) {
      const goal = (cut / (cuts + 1)) * 4 * COUNT;
      await becomes('some are sent', async () => sent() >= goal);
      proxy.cut();
      // What is said while nobody hears must not be lost either.
      const during = sent() + COUNT / 10;
      await becomes('some more are sent', async () => sent() >= Math.min(during, 4 * COUNT));
      proxy.heal();
    }
    await Promise.all(senders.map(({ done }) => done));
    const startMs = performance.now();
    await Promise.all(readers.map((reader) => cameOnce(reader, 2, COUNT)));
    t.diagnostic(`all there ${Math.round(performance.now() - startMs)} ms after the last was sent`);
    await Promise.all(readers.map(({ stop }) => stop()));
    await agree([alpha, beta]);
    for (const node of [alpha, beta]) await recordedOnce(node, space, 4 * COUNT, /^[ab]1@/u);
  });

  it(`catches up with ${EVENTS} events that it was away for`, async (t) => {
    await beta.ok('down');
    await writeMany(alpha, EVENTS);
    const { events: there, commits } = await alpha.verified(space);
    await beta.up();
    await linked(beta);
    const startMs = performance.now();
    const held = async (): Promise<number> => eventsOf(await beta.status(), space);
    await becomes('all is there', async () => (await held()) >= there);
    const tookMs = Math.round(performance.now() - startMs);
    t.diagnostic(
      `${EVENTS} events (${commits} commits) in ${tookMs} ms after the link was made (goal: 100,000 in 3,000 ms)`,
    );
    await agree([alpha, beta]);
    assert.equal(await held(), eventsOf(await alpha.status(), space));
  });
});

/** Announcements that nobody here listens to: one event each. */
async function writeMany(node: NetNode, count: number): Promise<void> {
  let begun = 0;
  const write = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const text = `event ${begun} of many, about as long as what agents tell each other while they work`;
      await node.post('message.send', { to: 'topic:all', text }, { id: newId() });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, write));
}

const eventsOf = (status: object, space: string): number =>
  (status as { spaces: { space: string; events: number }[] }).spaces.find(
    (each) => each.space === space,
  )?.events ?? 0;
