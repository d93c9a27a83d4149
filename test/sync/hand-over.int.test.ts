/** Pages wait at a real NATS server for nodes that are down: taken in order, once, and never believed. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { decodeHeader } from '#protocol/commit.ts';
import { encodePage } from '#sync/page-codec.ts';
import { readPartHead, splitPage } from '#sync/nats/page-parts.ts';
import { pageSubject, streamName } from '#sync/nats/page-stream.ts';
import { skipWithoutNats, startNats, type NatsServer } from '../bus/nats-server.ts';
import { SPACE } from '../support/test-ledger.ts';
import { makeNodes, until, type Life, type PostNode, type UpOptions } from './hand-over-nodes.ts';

const STREAM = streamName(SPACE);
/** For a machine that has little time for it. */
const LIMIT = { timeout: 150_000 };

/** What a stranger with access to the server does. */
async function asStranger<T>(
  server: NatsServer,
  work: (
    manager: JetStreamManager,
    publish: (subject: string, data: Uint8Array) => Promise<unknown>,
  ) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: server.address });
  try {
    const client = jetstream(connection);
    return await work(await jetstreamManager(connection), (subject, data) =>
      client.publish(subject, data),
    );
  } finally {
    await connection.close();
  }
}

/** All that the node has written lies in the stream. */
const isHeld = (server: NatsServer, node: PostNode): Promise<void> =>
  until(async () => (await streamed(server, node, 'last')) === node.chain().seq);

/** Lives that a test of its own server has begun. */
const begun: Life[] = [];

/** A server that goes with the test, after all who are linked to it. */
async function openServer(test: TestContext, config = ''): Promise<NatsServer> {
  const server = await startNats(config);
  test.after(async () => {
    for (const life of begun.splice(0)) await life.down();
    await server.stop();
  });
  return server;
}

/** A life that ends with the test, if it has not before. */
async function openLife(
  ...[node, server, options]: readonly [PostNode, NatsServer, UpOptions?]
): Promise<Life> {
  const life = await node.up(server, options);
  begun.push(life);
  return life;
}

const messagesIn = (server: NatsServer): Promise<number> =>
  asStranger(server, async (manager) => (await manager.streams.info(STREAM)).state.messages);

const eventsOf = ({ node }: PostNode): unknown =>
  node.database.prepare('SELECT count(*) n FROM events').get()?.['n'];

/** The first or last commit of a node's chain in the stream; 0 when there is none, or no server. */
const streamed = (server: NatsServer, node: PostNode, which: 'first' | 'last'): Promise<number> =>
  asStranger(server, async (manager) => {
    // Asked for a message of a stream that is just being made, nats-server 2.9.10 crashes.
    if ((await manager.streams.info(STREAM)).state.messages === 0) return 0;
    const subject = pageSubject(SPACE, node.key, node.chain().chain);
    const query = which === 'last' ? { last_by_subj: subject } : { seq: 1, next_by_subj: subject };
    const found = await manager.streams.getMessage(STREAM, query);
    const head = found === null ? undefined : readPartHead(found.data);
    return head?.[which] ?? 0;
  }).catch(() => 0);

describe('hand-over', { skip: skipWithoutNats }, () => {
  let server: NatsServer;
  let lives: Life[] = [];
  const up = async (node: PostNode, options?: UpOptions): Promise<Life> => {
    const life = await node.up(server, options);
    lives.push(life);
    return life;
  };
  /** All that the node has written lies in the stream. */
  const isOut = (node: PostNode): Promise<void> => isHeld(server, node);
  before(async () => {
    server = await startNats('jetstream: enabled');
  });
  afterEach((test) => {
    if ('passed' in test && !test.passed) test.diagnostic(server.log().slice(-8_000));
  });
  beforeEach(async () => {
    for (const life of lives) await life.down();
    lives = [];
    await server.start();
    await asStranger(server, (manager) => manager.streams.delete(STREAM).catch(() => false));
  });
  after(async () => {
    for (const life of lives) await life.down();
    await server.stop();
  });

  it(
    'brings what was written while a node was down, from one that is down by now',
    LIMIT,
    async () => {
      const [alice, bob] = makeNodes(1);
      const first = await up(alice);
      for (let index = 0; index < 20; index += 1) alice.write(`note ${index}`);
      await first.down();
      const taken: number[] = [];
      bob.onTake(({ commits }) =>
        taken.push(...commits.map(({ header }) => decodeHeader(header).seq)),
      );
      const known = bob.has(alice);
      await up(bob);
      await until(() => bob.has(alice) === alice.chain().seq);
      const all = Array.from({ length: alice.chain().seq - known }, (_, at) => known + 1 + at);
      assert.deepEqual(taken, all, 'in order, each once');
      assert.equal(bob.node.stateHash(), alice.node.stateHash());
    },
  );

  it('brings nothing when it is off', LIMIT, async () => {
    const [alice, bob, carol] = makeNodes(2);
    const first = await up(alice, { withoutHandOver: true });
    alice.write('nobody hears it');
    await first.down();
    const known = bob.has(alice);
    const second = await up(bob);
    // Whatever there is for Bob has reached him when what Carol writes now has.
    await up(carol as PostNode);
    carol?.write('this comes');
    await until(() => bob.node.chains.heads().some(({ author }) => author === carol?.key));
    assert.equal(bob.has(alice), known);
    assert.equal(second.handOver?.status.state, 'on');
  });

  it('claims no copy for what only the server has', LIMIT, async () => {
    const [alice] = makeNodes(1);
    const life = await up(alice);
    alice.write('kept here');
    await isOut(alice);
    const { chain, seq } = alice.chain();
    assert.deepEqual(life.space.strengthOf(chain, seq), { type: 'local-fsync' });
    assert.deepEqual(
      Object.values(alice.cursors).flatMap((each) => Object.values(each)),
      [],
    );
    // Nor after a restart: what nobody has confirmed is still to be delivered.
    await life.down();
    assert.deepEqual(alice.cursors, {});
  });

  it('publishes again what the stream lost, until a member has confirmed it', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const life = await up(alice);
    alice.write('one');
    await isOut(alice);
    await asStranger(server, (manager) => manager.streams.delete(STREAM));
    await until(() => life.handOver?.status.state === 'on');
    await isOut(alice);
    // Purged within the window in which the server remembers ids: it would take them for known.
    await asStranger(server, (manager) => manager.streams.purge(STREAM));
    await isOut(alice);
    // The beginning aged away: it all comes again, in order.
    alice.write('two');
    await isOut(alice);
    await asStranger(server, (manager) => manager.streams.purge(STREAM, { keep: 1 }));
    await until(async () => (await streamed(server, alice, 'first')) === 1);
    await life.down();
    await up(bob);
    await until(() => bob.has(alice) === alice.chain().seq);
  });

  it('lets what a member has confirmed stay lost', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const one = await up(alice, { linkTo: [bob] });
    const other = await up(bob, { linkTo: [alice] });
    alice.write('by the link');
    await until(() => bob.has(alice) === alice.chain().seq);
    await until(() => one.space.acked(bob.key)[alice.chain().chain] === alice.chain().seq);
    await one.down();
    await other.down();
    assert.equal(alice.cursors[bob.key]?.[alice.chain().chain], alice.chain().seq);
    await asStranger(server, (manager) => manager.streams.delete(STREAM).catch(() => false));
    const again = await up(alice);
    await until(() => again.handOver?.status.state === 'on');
    alice.write('only this is new');
    await isOut(alice);
    assert.equal(await streamed(server, alice, 'first'), alice.chain().seq);
  });

  it('publishes nothing that linked members confirm at once', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    // What nobody had confirmed would go out at the latest when it closes.
    const limits = { lagMs: 20_000, checkMs: 60_000 };
    const one = await up(alice, { linkTo: [bob], limits });
    const other = await up(bob, { linkTo: [alice], limits });
    await until(() => Object.keys(one.space.acked(bob.key)).length > 0);
    await until(() => one.handOver?.status.state === 'on' && other.handOver?.status.state === 'on');
    const published = one.handOver?.status.published;
    for (let index = 0; index < 10; index += 1) alice.write(`note ${index}`);
    await until(() => one.space.acked(bob.key)[alice.chain().chain] === alice.chain().seq);
    await one.handOver?.close();
    assert.equal(one.handOver?.status.published, published);
    // The twin: with nobody linked the same goes out.
    await other.down();
    await one.down();
    await up(alice, { limits: { ...limits, lagMs: 400 } });
    alice.write('nobody is here');
    await isOut(alice);
  });

  it('goes on after the server was killed, and with one that was wiped', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const life = await up(alice);
    alice.write('before');
    await isOut(alice);
    await server.kill();
    alice.write('meanwhile');
    await server.start();
    await isOut(alice);
    await life.down();
    const other = await up(bob);
    await until(() => bob.has(alice) === alice.chain().seq);
    await other.down();
    // Neither published nor confirmed: ordinary sync brings it all the same.
    await asStranger(server, (manager) => manager.streams.delete(STREAM));
    alice.write('after');
    await up(alice, { linkTo: [bob], withoutHandOver: true });
    await up(bob, { linkTo: [alice], withoutHandOver: true });
    await until(() => bob.has(alice) === alice.chain().seq);
  });

  it(
    'takes a page twice without a trace, also after its place in the stream is gone',
    LIMIT,
    async () => {
      const [alice, bob] = makeNodes(1);
      const life = await up(alice);
      for (let index = 0; index < 5; index += 1) alice.write(`note ${index}`);
      await life.down();
      const other = await up(bob);
      await until(() => bob.has(alice) === alice.chain().seq);
      const events = eventsOf(bob);
      await other.down();
      await asStranger(server, (manager) =>
        manager.consumers.delete(STREAM, `node-${bob.key.slice(0, 16)}`),
      );
      const again = await up(bob);
      await until(() => (again.handOver?.status.known ?? 0) > 0);
      assert.equal(again.handOver?.status.taken, 0);
      assert.equal(eventsOf(bob), events);
    },
  );

  it(
    'goes on where it was after a node died, without what it had answered for',
    LIMIT,
    async () => {
      const [alice, bob] = makeNodes(1);
      await up(alice);
      alice.write('one');
      await isOut(alice);
      const first = await up(bob);
      await until(() => bob.has(alice) === alice.chain().seq);
      await first.connection.flush();
      await first.die();
      alice.write('two');
      await isOut(alice);
      const again = await up(bob);
      await until(() => bob.has(alice) === alice.chain().seq);
      assert.deepEqual([again.handOver?.status.taken, again.handOver?.status.known], [1, 0]);
    },
  );

  it('gives back what comes while it is closed', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    await up(alice);
    // Nothing is handed out a second time by itself: what was not given back would be missed.
    const limits = { ackWaitMs: 120_000 };
    for (let round = 0; round < 5; round += 1) {
      alice.write(`round ${round}`);
      await isOut(alice);
      const leaving = await up(bob, { limits });
      if (round % 2 === 0) await until(() => leaving.handOver?.status.state === 'on');
      void leaving.handOver?.close();
      const next = await up(bob, { limits });
      await until(() => bob.has(alice) === alice.chain().seq);
      await next.down();
    }
  });

  it('gives back a page that a node died over', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const life = await up(alice);
    alice.write('one');
    await life.down();
    const dying = Promise.withResolvers<void>();
    bob.onTake(() => {
      dying.resolve();
      throw new Error('the power is gone');
    });
    const first = await up(bob);
    await dying.promise;
    await first.die();
    bob.onTake(() => undefined);
    await up(bob);
    await until(() => bob.has(alice) === alice.chain().seq);
  });

  it('refuses and counts what somebody else published', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const life = await up(alice);
    alice.write('true');
    await life.down();
    const { chain, seq } = alice.chain();
    const state = alice.node.stateHash();
    alice.write('nobody else may say this');
    const page = alice.node.chains.page(chain, seq, 1 << 20);
    assert.ok(page);
    const [commit] = page.commits;
    assert.ok(commit);
    // One that Alice did write, and one that she did not, without a signature that only she can make.
    const header = Buffer.from(commit.header);
    header[header.length - 2] = (header.at(-2) ?? 0) ^ 1;
    const forged = encodePage({ ...page, commits: [{ ...commit, header }] });
    const unsigned = encodePage({
      ...page,
      commits: [{ ...commit, signature: new Uint8Array(64) }],
    });
    const numbers = { first: seq + 1, last: seq + 1 };
    const subject = pageSubject(SPACE, alice.key, chain);
    await asStranger(server, async (_, publish) => {
      await publish(subject, Buffer.from('no page'));
      for (const bytes of [forged, unsigned])
        for (const part of splitPage(bytes, numbers, 1 << 19)) await publish(subject, part);
      const elsewhere = pageSubject(SPACE, 'f'.repeat(64), chain);
      for (const part of splitPage(encodePage(page), numbers, 1 << 19))
        await publish(elsewhere, part);
    });
    const other = await up(bob);
    await until(() => bob.has(alice) === seq && other.handOver?.status.refused === 4);
    assert.equal(bob.node.stateHash(), state);
    assert.ok(other.refused.includes('page-refused'), other.refused.join());
  });

  it(
    'holds on to pages in whatever order, and leaves to sync what has a gap before it',
    LIMIT,
    async () => {
      const [alice, bob] = makeNodes(1);
      for (let index = 0; index < 3; index += 1) alice.write(`note ${index}`);
      const { chain, seq } = alice.chain();
      const own = await up(bob, { limits: { tries: 3 } });
      await until(() => own.handOver?.status.state === 'on');
      const publishCommit = async (number: number): Promise<void> => {
        const page = alice.node.chains.page(chain, number - 1, 1);
        assert.ok(page);
        const parts = splitPage(encodePage(page), { first: number, last: number }, 1 << 19);
        await asStranger(server, async (_, publish) => {
          for (const part of parts) await publish(pageSubject(SPACE, alice.key, chain), part);
        });
      };
      await publishCommit(seq - 1);
      await publishCommit(seq - 2);
      await until(() => bob.has(alice) === seq - 1);
      assert.equal(own.handOver?.status.left, 0);
      alice.write('a gap');
      await publishCommit(seq + 1);
      await until(() => own.handOver?.status.left === 1);
      assert.equal(bob.has(alice), seq - 1);
      assert.deepEqual(own.refused, []);
    },
  );

  it('carries a commit that is longer than a message may be', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const life = await up(alice);
    const data = { guardrail: 'syntax', detail: 'x'.repeat(200_000) };
    const event = { type: 'guardrail.passed', subject: 'task/t', data };
    alice.node.store(
      'test.state',
      Array.from({ length: 6 }, () => event),
    );
    alice.ring();
    await isOut(alice);
    assert.ok((await messagesIn(server)) > 2);
    await life.down();
    await up(bob);
    await until(() => bob.has(alice) === alice.chain().seq);
  });

  it('hears by a member’s signed commits what it has', LIMIT, async () => {
    const [alice, bob] = makeNodes(1);
    const first = await up(alice);
    alice.write('a question');
    await first.down();
    const { chain, seq } = alice.chain();
    const other = await up(bob);
    await until(() => bob.has(alice) === seq);
    bob.write('an answer');
    await other.down();
    const again = await up(alice);
    await until(() => alice.has(bob) === bob.chain().seq);
    await again.down();
    assert.equal(alice.cursors[bob.key]?.[chain], seq);
  });
});

describe('hand-over without JetStream', { skip: skipWithoutNats }, () => {
  it('says so, and links work as before', LIMIT, async (test) => {
    const server = await openServer(test);
    const [alice, bob] = makeNodes(1);
    const one = await openLife(alice, server, { linkTo: [bob] });
    const other = await openLife(bob, server, { linkTo: [alice] });
    await until(() => one.handOver?.status.state === 'the server has no JetStream');
    alice.write('by the link');
    await until(() => bob.has(alice) === alice.chain().seq);
    await one.down();
    await other.down();
  });

  it('says so when the server has no room', LIMIT, async (test) => {
    const server = await openServer(test, 'jetstream { max_file_store: 1MB }');
    const [alice] = makeNodes(1);
    const life = await openLife(alice, server);
    await until(() => /insufficient storage/u.test(life.handOver?.status.state ?? ''));
    await life.down();
  });
});

/** A server where everybody may publish to `publish` only, and hear the space and answers. */
const permitting = (publish: readonly string[]): string => `
  jetstream: enabled
  authorization {
    users: [{ user: node, password: "", permissions: {
      publish: ${JSON.stringify(publish)}, subscribe: ["skein.${SPACE}.>", "_INBOX.>"] } }]
  }
  no_auth_user: node`;

describe('hand-over with permissions', { skip: skipWithoutNats }, () => {
  const space = `skein.${SPACE}.>`;
  const needed = [
    space,
    '$JS.API.INFO',
    `$JS.API.STREAM.*.${STREAM}`,
    `$JS.API.STREAM.MSG.GET.${STREAM}`,
    `$JS.API.CONSUMER.*.${STREAM}.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${STREAM}.*`,
    `$JS.ACK.${STREAM}.>`,
  ];

  it('needs those that are written down, and no more', LIMIT, async (test) => {
    const server = await openServer(test, permitting(needed));
    const [alice, bob] = makeNodes(1);
    const life = await openLife(alice, server);
    alice.write('permitted');
    await isHeld(server, alice);
    await life.down();
    await openLife(bob, server);
    await until(() => bob.has(alice) === alice.chain().seq);
  });

  it('says so without them, and links work as before', LIMIT, async (test) => {
    const server = await openServer(test, permitting([space, '_INBOX.>']));
    const [alice, bob] = makeNodes(1);
    const one = await openLife(alice, server, { linkTo: [bob] });
    await openLife(bob, server, { linkTo: [alice] });
    alice.write('by the link');
    await until(() => bob.has(alice) === alice.chain().seq);
    await until(() => /[Pp]ermission/u.test(one.handOver?.status.state ?? ''));
  });
});

describe('hand-over of more than the stream may hold', { skip: skipWithoutNats }, () => {
  it('goes on as far as members confirm it', LIMIT, async (test) => {
    const server = await openServer(test, 'jetstream: enabled');
    const [alice, bob] = makeNodes(1);
    const limits = { aheadBytes: 20_000, pageBytes: 4_000 };
    for (let index = 0; index < 100; index += 1) alice.write('x'.repeat(1_000));
    const { chain, seq } = alice.chain();
    const life = await openLife(alice, server, { limits });
    await until(async () => (await streamed(server, alice, 'last')) > 10);
    await life.down();
    const some = await streamed(server, alice, 'last');
    assert.ok(some < seq / 2, `${some} of ${seq} are out`);
    const other = await openLife(bob, server, { limits });
    await until(() => bob.has(alice) === some);
    bob.write('that far');
    await other.down();
    const again = await openLife(alice, server, { limits });
    await until(() => alice.has(bob) === bob.chain().seq);
    alice.write('more');
    await until(async () => (await streamed(server, alice, 'first')) === some + 1);
    await again.down();
    assert.equal(alice.cursors[bob.key]?.[chain], some);
    const last = await openLife(bob, server, { limits });
    await until(() => bob.has(alice) > some);
    await last.down();
  });
});
