/**
 * Three nodes that send to agents, groups and topics at random, over cuts, with pages that come twice
 * and mailrooms that are opened anew: what is on the record has one end, and all see the same.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailroomOptions } from '#bus/inbox/mailroom.ts';
import type { Page } from '#ledger/ledger.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { PRIORITIES } from '#protocol/events/message.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { admit } from '../support/test-nodes.ts';
import { agent } from './bus-stage.ts';
import { makeMailNode, pagesFor, settle, type MailNode } from './mail-stage.ts';

/** How the nodes are built otherwise than they should be. */
interface Bug {
  /** Pages are taken without what belongs to them. */
  readonly noReactions?: true;
  readonly more?: Partial<MailroomOptions>;
  /** The reactions to a page are executed again under other ids. */
  readonly twice?: true;
}

const LIMIT = 8;

interface Sent {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly priority: string;
}

class Mesh {
  readonly #random: SeededRandom;
  readonly #bug: Bug;
  readonly #nodes: MailNode[] = [];
  readonly #sent: Sent[] = [];
  /** What each agent was given first, in order. */
  readonly #given = new Map<string, string[]>();

  constructor(random: SeededRandom, bug: Bug) {
    this.#random = random;
    this.#bug = bug;
  }

  async run(steps: number): Promise<void> {
    await this.#open();
    for (let step = 0; step < steps; step += 1) await this.#act();
    // The cut is healed: all is carried and handled, until nothing moves any more.
    for (let round = 0; round < 200; round += 1) {
      for (const node of this.#nodes)
        for (const name of ['x', 'y']) await this.#work(node, name, 50);
      if ((await this.#carryAll()) === 0) break;
    }
    this.#check();
  }

  async #open(): Promise<void> {
    const clock = { ms: Date.UTC(2026, 10, 21) };
    const founder = makeMailNode({ clock });
    this.#nodes.push(founder);
    for (let count = 0; count < 2; count += 1) {
      const node = makeMailNode({ clock, founder: founder.node.signer.key }, this.#bug.more);
      admit(founder.node, node.node);
      this.#nodes.push(node);
    }
    await this.#carryAll();
    for (const node of this.#nodes) {
      await node.register('x', { skills: ['s'], topics: ['t'], limit: LIMIT, tries: 100 });
      await node.register('y', { skills: ['s'], limit: LIMIT, tries: 100 });
    }
    await this.#carryAll();
  }

  async #act(): Promise<void> {
    const choice = this.#random.below(100);
    const node = this.#random.pick(this.#nodes);
    if (choice < 60) await this.#send(node);
    else if (choice < 75) await this.#work(node, this.#random.pick(['x', 'y']), 3);
    else if (choice < 95) await this.#carry(node, this.#random.pick(this.#nodes));
    else await this.#reopen(node);
  }

  async #reopen(node: MailNode): Promise<void> {
    await node.room.close();
    this.#nodes[this.#nodes.indexOf(node)] = node.reopen();
    await settle();
  }

  async #send(node: MailNode): Promise<void> {
    const to = this.#random.pick(['skill:s', 'topic:t', `x@`, `y@`]);
    const home = this.#random.pick(this.#nodes);
    const address = to.endsWith('@') ? home.id(to.slice(0, 1)) : to;
    const priority = this.#random.pick(PRIORITIES);
    const from = this.#random.pick(['p', 'q']);
    try {
      const id = await node.send(from, address, { priority });
      this.#sent.push({ id, from: node.id(from), to: address, priority });
    } catch (thrown) {
      assert.equal((thrown as Error).name, 'inbox-full');
    }
  }

  async #work(node: MailNode, name: string, most: number): Promise<void> {
    const inbox = node.id(name);
    const letters = await node.room.take(inbox, { speaker: agent(name), most });
    for (const { id, to } of letters) {
      assert.ok(to !== undefined, `${id} came before what it says`);
      this.#given.set(inbox, [...(this.#given.get(inbox) ?? []), id]);
      await node.ack(name, id);
    }
    await settle();
  }

  /** Some pages from one to the other, sometimes twice; answers how many commits were new. */
  async #carry(from: MailNode, to: MailNode): Promise<number> {
    let news = 0;
    const bytes = 1 + this.#random.below(4_000);
    for (const { chain } of from === to ? [] : from.node.chains.heads()) {
      for (const page of pagesFor(from, to, bytes, chain)) {
        const count = await this.#take(to, page);
        // What it builds on is on another chain.
        if (count === 0) break;
        news += count;
      }
    }
    await settle();
    return news;
  }

  async #take(to: MailNode, page: Page): Promise<number> {
    const reactions = this.#bug.noReactions ? [] : to.room.reactionsTo(page);
    const taken = await to.ledger.exchange.take(page, reactions);
    if (taken.type === 'waits') return 0;
    assert.ok(taken.type === 'taken');
    if (taken.news === page.commits.length && this.#random.below(4) === 0) {
      await to.ledger.exchange.take(page, reactions);
      const again = reactions.map((each) => ({
        ...each,
        command: { ...each.command, ...(this.#bug.twice ? { id: to.node.newId() } : {}) },
      }));
      to.ledger.flush(again);
    }
    return taken.news;
  }

  async #carryAll(): Promise<number> {
    let news = 0;
    for (const from of this.#nodes)
      for (const to of this.#nodes) news += await this.#carry(from, to);
    return news;
  }

  #check(): void {
    const [first, ...others] = this.#nodes.map((node) => node.node.stateHash());
    for (const other of others) assert.equal(other, first, 'they see different things');
    const events = this.#nodes[0]?.ledger.read
      .events({ after: 0, limit: 10_000 })
      .map(({ body }) => JSON.parse(String(body)) as SkeinEvent) as SkeinEvent[];
    for (const sent of this.#sent) this.#hasOneEnd(sent, events);
    for (const [inbox, given] of this.#given) this.#isInOrder(inbox, given);
  }

  /** Handled by exactly who should, or refused to all that it was for: never both, never twice. */
  #hasOneEnd({ id, to }: Sent, events: readonly SkeinEvent[]): void {
    const handled = events.flatMap((each) =>
      each.type === 'message.handled' && each.data.message === id ? [each.data.inbox ?? ''] : [],
    );
    assert.equal(new Set(handled).size, handled.length, `${id} was handled twice`);
    if (to === 'topic:t') {
      assert.deepEqual(handled.toSorted(), this.#nodes.map((node) => node.id('x')).toSorted());
      return;
    }
    const isRefused = events.some(
      (each) =>
        each.type === 'message.refused' && each.data.message === id && each.data.to === 'skill:s',
    );
    assert.equal(handled.length, isRefused ? 0 : 1, `${id} to ${to} has ${handled.length} ends`);
    if (to !== 'skill:s') assert.deepEqual(handled, [to]);
  }

  /** What one sender sent as urgently to one agent came in the order of sending. */
  #isInOrder(inbox: string, given: readonly string[]): void {
    const place = new Map(given.map((id, index) => [id, index]));
    const last = new Map<string, number>();
    for (const { id, from, to, priority } of this.#sent) {
      const at = place.get(id);
      if (at === undefined || to === 'skill:s') continue;
      const key = `${from} ${priority}`;
      assert.ok((last.get(key) ?? -1) < at, `${id} came to ${inbox} out of order`);
      last.set(key, at);
    }
  }
}

const STEPS = 160;

describe('messages between three nodes under random cuts', () => {
  it('have one end each, in order, and leave the same state everywhere', async (context) => {
    const { seed } = seededFor(context);
    for (let game = 0; game < 2; game += 1) await new Mesh(makeRandom(seed + game), {}).run(STEPS);
  });

  const bugs: Readonly<Record<string, Bug>> = {
    'pages are taken without receiving': { noReactions: true },
    'what comes twice is received twice': { twice: true },
    'two nodes derive the same ids': { more: { secret: 'the same everywhere' } },
  };
  for (const [name, bug] of Object.entries(bugs)) {
    it(`is noticed when ${name}`, async (context) => {
      const { seed } = seededFor(context);
      await assert.rejects(new Mesh(makeRandom(seed), bug).run(STEPS));
    });
  }
});
