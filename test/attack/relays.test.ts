/** What a member may do to what it passes on, and to who asks it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from '#ledger/ledger.ts';
import { encodePage } from '#sync/page-codec.ts';
import type { Link } from '#sync/link/link.ts';
import { headsToTell, MAX_HEADS } from '#sync/session/heads.ts';
import { makeNet, type Net, type SyncNode } from '../sync/sync-nodes.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull } from '../support/test-nodes.ts';

interface Stage {
  readonly net: Net;
  readonly owner: SyncNode;
  readonly victim: SyncNode;
  /** Of a member without an engine, to the victim. */
  readonly link: Link;
}

/** An owner and a member that are not linked, and another member that is linked to the latter. */
async function makeStage(context: TestContext): Promise<Stage> {
  const random = seededFor(context);
  const net = makeNet({ nodes: 2, random, dials: () => [] });
  const [owner, victim] = net.nodes as [SyncNode, SyncNode];
  const { clock, signer } = owner.ledger;
  const founder = signer.key;
  const liar = makeTestNode({ seed: random.below(1e9), clock: { ms: clock.ms }, founder });
  admit(owner.ledger, liar);
  for (const node of [liar, victim.ledger]) pull(owner.ledger, node);
  victim.ring();
  await net.time.pass(10);
  const hello = {
    timers: net.time,
    random: makeRandom(random.below(1e9)).fill,
    signer: liar.signer,
    software: 'crooked',
    spacesFor: () => [SPACE],
  };
  net.network.attach({ address: 'liar', hello, accept: () => undefined });
  const dialled = net.network.dial('liar', victim.name);
  await net.time.pass(10);
  const link = await dialled;
  link.serve((method) => ({
    params: method === 'sync.heads' ? { space: SPACE, heads: [] } : null,
  }));
  await net.time.pass(10);
  return { net, owner, victim, link };
}

describe('who passes on what others wrote', () => {
  const push = async (stage: Stage, change: (page: Page) => Page): Promise<void> => {
    const { owner, victim, link, net } = stage;
    const { chain } = owner.ledger.core.head ?? { chain: '' };
    const known = victim.ledger.chains.heads().find((head) => head.chain === chain)?.seq ?? 0;
    owner.write('for everybody');
    const page = owner.ledger.chains.page(chain, known, 1 << 20) as Page;
    link.tell('sync.page', { space: SPACE }, encodePage(change(page)));
    await net.time.pass(100);
  };
  const withoutBodies = (page: Page): Page => ({
    ...page,
    commits: page.commits.map((commit) => ({ ...commit, events: commit.events.map(() => null) })),
  });
  const seqAt = ({ ledger }: SyncNode, chain: string): number =>
    ledger.chains.heads().find((head) => head.chain === chain)?.seq ?? 0;

  it('can not keep bodies back: only the owner prunes', async (context) => {
    const stage = await makeStage(context);
    const { owner, victim, net } = stage;
    const { chain, seq } = owner.ledger.core.head as { chain: string; seq: number };
    await push(stage, withoutBodies);
    assert.equal(seqAt(victim, chain), seq);
    assert.match(victim.sync.status().spaces[0]?.waiting[0]?.why ?? '', /lacks bodies/);
    assert.deepEqual(victim.sync.status().refused, {}, 'who joined late is no liar');
    victim.sync.reach(owner.name);
    await net.time.until(net.isSame, 120_000);
    const [absent] = victim.ledger.database
      .prepare('SELECT count(*) AS n FROM events WHERE body IS NULL')
      .all();
    assert.equal(absent?.['n'], 0);
    await net.close();
  });

  it('is believed with all bodies: the twin', async (context) => {
    const stage = await makeStage(context);
    const { chain, seq } = stage.owner.ledger.core.head as { chain: string; seq: number };
    await push(stage, (page) => page);
    assert.equal(seqAt(stage.victim, chain), seq + 1);
    await stage.net.close();
  });
});

describe('who is asked for a blob', () => {
  it('can not give it in crumbs', async (context) => {
    const { victim, link, net } = await makeStage(context);
    let calls = 0;
    link.serve((method) => {
      if (method !== 'sync.blob') return { params: null };
      calls += 1;
      return { params: { bytes: 60 << 20 }, body: Buffer.from('x') };
    });
    const asked = assert.rejects(victim.space.blob('ab'.repeat(32)), { name: 'blob-missing' });
    await net.time.pass(1_000);
    await asked;
    assert.equal(calls, 1);
    assert.equal(victim.sync.status().refused['blob-wrong'], 1);
    await net.close();
  });
});

describe('chains without end of one author', () => {
  it('do not keep those of others from being told', () => {
    const head = (author: string, index: number): Parameters<typeof headsToTell>[0][number] => ({
      author,
      chain: `${author}${index}`,
      seq: 1,
      hash: '0',
    });
    const many = Array.from({ length: MAX_HEADS + 1_000 }, (_, index) => head('liar', index));
    const told = headsToTell([...many, head('honest', 1), head('honest', 2)]);
    assert.equal(told.length, MAX_HEADS);
    assert.equal(told.filter(({ chain }) => chain.startsWith('honest')).length, 2);
    assert.equal(headsToTell(many.slice(0, 9)).length, 9);
  });
});
