/**
 * A member whose node does what no honest node would. Each row: what it sends, which reason it is
 * refused with, and that the state is unchanged; an honest page of the same node is the twin.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page, PageCommit } from '#ledger/ledger.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { signedBytes } from '#protocol/commit.ts';
import type { Link } from '#sync/link/link.ts';
import { encodePage, MAX_PAGE_BYTES } from '#sync/page-codec.ts';
import type { Refusal } from '#sync/refusal.ts';
import type { SyncLimits } from '#sync/sync.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { makeTestLedger, note, SPACE } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull, type TestNode } from '../support/test-nodes.ts';
import { makeNet, type Net, type SyncNode } from './sync-nodes.ts';

interface Stage {
  readonly net: Net;
  readonly victim: SyncNode;
  readonly mallory: TestNode;
  readonly link: Link;
  readonly send: (page: Page | Uint8Array) => void;
  readonly refused: () => Partial<Record<Refusal, number>>;
  readonly close: () => Promise<void>;
}

/** An owner and a member who is linked to it without an engine: the test says what it sends. */
async function makeStage(context: TestContext, limits: Partial<SyncLimits> = {}): Promise<Stage> {
  const random = seededFor(context);
  const net = makeNet({ nodes: 1, random, limits });
  const victim = net.nodes[0] as SyncNode;
  const { clock } = victim.ledger;
  const founder = victim.ledger.signer.key;
  const mallory = makeTestNode({ seed: random.below(1e9), clock: { ms: clock.ms }, founder });
  admit(victim.ledger, mallory);
  pull(victim.ledger, mallory);
  victim.ring();
  await net.time.pass(10);
  const hello = {
    timers: net.time,
    random: makeRandom(random.below(1e9)).fill,
    signer: mallory.signer,
    software: 'crooked',
    spacesFor: () => [SPACE],
  };
  net.network.attach({ address: 'mallory', hello, accept: () => undefined });
  const dialled = net.network.dial('mallory', victim.name);
  await net.time.pass(10);
  const link = await dialled;
  link.serve((method) => ({
    params: method === 'sync.heads' ? { space: SPACE, heads: [] } : null,
  }));
  await net.time.pass(10);
  return {
    net,
    victim,
    mallory,
    link,
    send: (page) => {
      const bytes = page instanceof Uint8Array ? page : encodePage(page);
      assert.ok(link.tell('sync.page', { space: SPACE }, bytes));
    },
    refused: () => victim.sync.status().refused,
    close: net.close,
  };
}

/** The next page that an honest node would send. */
function honestPage({ victim, mallory }: Stage, text = 'honest'): Page {
  mallory.store('note.record', note(text));
  const { chain } = mallory.core.head ?? { chain: '' };
  const known = victim.ledger.chains.heads().find((head) => head.chain === chain)?.seq ?? 0;
  return mallory.chains.page(chain, known, 1 << 20) as Page;
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const flipped = Uint8Array.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
};

/** A page with its last commit changed. */
const withLast = (page: Page, change: (commit: PageCommit) => PageCommit): Page => ({
  ...page,
  commits: [...page.commits.slice(0, -1), change(page.commits.at(-1) as PageCommit)],
});

/** A header with some fields changed, signed again by mallory: an honest signature over nonsense. */
const resigned = (stage: Stage, page: Page, change: object): Page =>
  withLast(page, (commit) => {
    const said = JSON.parse(Buffer.from(commit.header).toString()) as object;
    const header = Buffer.from(JSON.stringify({ ...said, ...change }));
    return { ...commit, header, signature: stage.mallory.signer.sign(signedBytes(header)) };
  });

const noise = new Uint8Array(300);
const { fill } = makeRandom(7);
fill(noise);

interface Row {
  readonly name: string;
  readonly reason: Refusal;
  readonly page: (stage: Stage) => Page | Uint8Array;
}

const ROWS: readonly Row[] = [
  {
    name: 'a forged signature',
    reason: 'page-refused',
    page: (stage) =>
      withLast(honestPage(stage), (commit) => ({
        ...commit,
        signature: flip(commit.signature, 5),
      })),
  },
  {
    name: 'an event that is not the one that was signed',
    reason: 'page-refused',
    page: (stage) =>
      withLast(honestPage(stage), (commit) => ({
        ...commit,
        events: commit.events.map((event) => event && { ...event, body: flip(event.body, 40) }),
      })),
  },
  {
    name: 'a commit in the name of the owner',
    reason: 'page-refused',
    page: (stage) => resigned(stage, honestPage(stage), { author: stage.victim.ledger.signer.key }),
  },
  {
    name: 'a commit of somebody who is no member',
    reason: 'not-member',
    page: () => {
      const stranger = makeTestNode({ seed: 99 });
      stranger.store('note.record', note('let me in'));
      return stranger.chains.page(stranger.core.head?.chain ?? '', 0, 1 << 20) as Page;
    },
  },
  {
    name: 'a commit of another space',
    reason: 'page-refused',
    page: (stage) => {
      const other = makeTestLedger({
        space: 'cd'.repeat(16),
        signer: stage.mallory.signer,
        seed: 98,
      });
      const row = other.database.prepare('SELECT header, signature FROM commits').get();
      const commit = { header: row?.['header'], signature: row?.['signature'], events: [] };
      return { space: SPACE, commits: [commit as unknown as PageCommit] };
    },
  },
  {
    name: 'a page that says it is of another space',
    reason: 'page-refused',
    page: (stage) => ({ ...honestPage(stage), space: 'cd'.repeat(16) }),
  },
  {
    name: 'a commit of an unknown format',
    reason: 'record-too-new',
    page: (stage) => resigned(stage, honestPage(stage), { format: 2 }),
  },
  {
    name: 'a header that is no header',
    reason: 'page-invalid',
    page: (stage) =>
      withLast(honestPage(stage), (commit) => ({ ...commit, header: Buffer.from('{}') })),
  },
  { name: 'noise', reason: 'page-invalid', page: () => noise },
  { name: 'nothing', reason: 'page-invalid', page: () => new Uint8Array(0) },
  { name: 'too much', reason: 'page-invalid', page: () => new Uint8Array(MAX_PAGE_BYTES + 1) },
];

describe('a member that sends', () => {
  for (const { name, reason, page } of ROWS) {
    it(`${name} is refused with ${reason}, and changes nothing`, async (context) => {
      const stage = await makeStage(context);
      const before = stage.victim.ledger.stateHash();
      const chains = JSON.stringify(stage.victim.ledger.chains.heads());
      stage.send(page(stage));
      await stage.net.time.pass(100);
      assert.deepEqual(stage.refused(), { [reason]: 1 });
      assert.equal(stage.victim.ledger.stateHash(), before);
      assert.equal(JSON.stringify(stage.victim.ledger.chains.heads()), chains);
      await stage.close();
    });
  }

  it('an honest page is believed: the twin of all these', async (context) => {
    const stage = await makeStage(context);
    stage.send(honestPage(stage));
    await stage.net.time.pass(100);
    const { chain, seq } = stage.mallory.core.head ?? { chain: '', seq: 0 };
    const head = stage.victim.ledger.chains.heads().find((each) => each.chain === chain);
    assert.equal(head?.seq, seq);
    assert.deepEqual(stage.refused(), {});
    await stage.close();
  });

  it('commits after a gap is asked for what is missing, and they wait', async (context) => {
    const stage = await makeStage(context);
    honestPage(stage, 'kept back');
    const { chain, seq } = stage.mallory.core.head ?? { chain: '', seq: 0 };
    stage.mallory.store('note.record', note('shown'));
    const asked: [string, unknown][] = [];
    stage.link.serve((method, { params }) => {
      asked.push([method, params]);
      return { params: null };
    });
    const before = stage.victim.ledger.stateHash();
    stage.send(stage.mallory.chains.page(chain, seq, 1 << 20) as Page);
    await stage.net.time.pass(100);
    assert.equal(stage.victim.ledger.stateHash(), before);
    assert.ok(
      asked.some(
        ([method, params]) => method === 'sync.pages' && (params as { after: number }).after === 0,
      ),
      JSON.stringify(asked),
    );
    stage.send(stage.mallory.chains.page(chain, 0, 1 << 20) as Page);
    await stage.net.time.pass(100);
    assert.equal(
      stage.victim.ledger.chains.heads().find((each) => each.chain === chain)?.seq,
      seq + 1,
    );
    await stage.close();
  });

  it('commits from the future has them wait, named, until their time has come', async (context) => {
    const stage = await makeStage(context);
    stage.mallory.clock.ms += 3_600_000;
    const page = honestPage(stage);
    const before = JSON.stringify(stage.victim.ledger.chains.heads());
    stage.send(page);
    await stage.net.time.pass(60_000);
    assert.equal(JSON.stringify(stage.victim.ledger.chains.heads()), before);
    assert.match(
      stage.victim.sync.status().spaces[0]?.waiting[0]?.why ?? '',
      /clock is \d+ s ahead/,
    );
    assert.deepEqual(stage.refused(), {});
    await stage.net.time.pass(3_600_000);
    assert.notEqual(JSON.stringify(stage.victim.ledger.chains.heads()), before);
    assert.deepEqual(stage.victim.sync.status().spaces[0]?.waiting, []);
    await stage.close();
  });

  it('two histories of one chain has both kept as proof, and the chain frozen', async (context) => {
    const stage = await makeStage(context, { roundMs: 1_000 });
    stage.send(honestPage(stage, 'common'));
    await stage.net.time.pass(50);
    const database = openLedgerDatabase(':memory:');
    database.deserialize(stage.mallory.database.serialize());
    const { signer, clock } = stage.mallory;
    const founder = stage.victim.ledger.signer.key;
    const twin = makeTestNode({ database, signer, clock, founder, seed: 55, epoch: 2 });
    for (const text of ['one', 'two', 'three']) stage.send(honestPage(stage, text));
    await stage.net.time.pass(50);
    const { chain, seq } = stage.mallory.core.head ?? { chain: '', seq: 0 };
    for (const text of ['uno', 'due', 'tre', 'quattro']) twin.store('note.record', note(text));
    // From now on it answers from the other history.
    stage.link.serve((method, { params }) => {
      if (method === 'sync.heads') return { params: { space: SPACE, heads: twin.chains.heads() } };
      const { after, maxBytes } = params as { after: number; maxBytes: number };
      const page = method === 'sync.pages' && twin.chains.page(chain, after, maxBytes);
      if (!page) return { params: null };
      const bytes = encodePage(page);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return { params: null, body: Buffer.concat([length, bytes]) };
    });
    await stage.net.time.until(() => stage.victim.news.some(({ type }) => type === 'forked'));
    const [forked] = stage.victim.news.filter((each) => each.type === 'forked');
    assert.deepEqual(forked, { type: 'forked', space: SPACE, chain, at: seq - 2 });
    assert.deepEqual(stage.victim.ledger.space().forks, { [chain]: seq - 2 });
    const status = stage.victim.sync
      .status()
      .spaces[0]?.chains.find((each) => each.chain === chain);
    assert.equal(status?.frozen, true);
    const frozen = stage.victim.ledger.stateHash();
    stage.send(honestPage(stage, 'four'));
    await stage.net.time.pass(10_000);
    assert.equal(stage.victim.ledger.stateHash(), frozen);
    await stage.close();
  });
});

describe('a member that asks', () => {
  it('for a space that it may not see hears the same as for one that does not exist', async (context) => {
    const stage = await makeStage(context);
    const ask = async (space: string): Promise<string> => {
      const asked = stage.link.call('sync.heads', { space, heads: [] }).catch(String);
      await stage.net.time.pass(10);
      return (await asked) as string;
    };
    const absent = await ask('cd'.repeat(16));
    assert.match(absent, /no such space/);
    const key = stage.mallory.signer.key;
    stage.victim.ledger.store('test.state', [
      { type: 'space.member-removed', subject: `space/${SPACE}`, data: { key } },
    ]);
    // Removed, and its link not closed yet: nothing is shown any more.
    const told = ask(SPACE);
    stage.victim.ring();
    await stage.net.time.pass(10);
    assert.match(await told, /no such space|no space that both may see/);
    assert.equal(await stage.link.closed, 'there is no space that both may see');
    const again = stage.net.network
      .dial('mallory', stage.victim.name)
      .catch((error: Error) => error.message);
    await stage.net.time.pass(10);
    assert.match(String(await again), /nothing-shared/);
    await stage.close();
  });

  it('nonsense is told so, and counted', async (context) => {
    const stage = await makeStage(context);
    const ask = async (method: string, params: unknown): Promise<string> => {
      const asked = stage.link.call(method, params).then(String, ({ name }: Error) => name);
      await stage.net.time.pass(10);
      return asked;
    };
    assert.equal(await ask('sync.heads', { space: 7 }), 'peer-refused');
    assert.equal(
      await ask('sync.heads', { space: SPACE, heads: [{ chain: 'x' }] }),
      'peer-refused',
    );
    assert.equal(await ask('sync.offer', null), 'peer-refused');
    assert.equal(await ask('constructor', null), 'not-found');
    assert.equal(
      await ask('sync.blob', { space: SPACE, hash: '../x', from: 0, bytes: 1 }),
      'peer-refused',
    );
    assert.deepEqual(stage.refused(), { 'params-invalid': 4, 'method-unknown': 1 });
    await stage.close();
  });

  it('for many pages of noise is barred for a while, and may come again', async (context) => {
    const stage = await makeStage(context, { strikes: 5, forgiveMs: 1e9, barMs: 30_000 });
    for (let page = 0; page < 10; page += 1)
      stage.link.tell('sync.page', { space: SPACE }, Buffer.from('x'));
    await stage.net.time.pass(10);
    assert.equal(await stage.link.closed, 'too much of what it sent was refused');
    assert.equal(stage.refused()['page-invalid'], 6);
    const dial = async (): Promise<string> => {
      const dialled = stage.net.network.dial('mallory', stage.victim.name);
      const over = stage.net.time.pass(100).then(() => 'linked');
      return Promise.race([dialled.then(({ closed }) => closed, String), over]);
    };
    assert.match(await dial(), /barred for a while/);
    await stage.net.time.pass(31_000);
    assert.equal(await dial(), 'linked');
    await stage.close();
  });
});
