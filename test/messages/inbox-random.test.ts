/**
 * Inboxes under random commands, with crashes between any two of them and answers that get lost,
 * against a model of what they owe. Each planted bug must be noticed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { busDeciders } from '#bus/inbox/bus-deciders.ts';
import type { InboxState, WaitingMessage } from '#bus/inbox/inbox-reducer.ts';
import { reducers } from '#daemon/state-tables.ts';
import type { Decider, DecisionContext } from '#ledger/decider.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import { SkeinError } from '#protocol/errors.ts';
import { PRIORITIES } from '#protocol/events/message.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import type { TestLedgerOptions } from '../support/test-ledger.ts';
import { agent, makeBusStage, system, type BusStage } from './bus-stage.ts';
import { InboxModel } from './inbox-model.ts';

const SETTINGS = { limit: 20, handleMs: 1_000, tries: 3 };
const SENDERS = ['a', 'b', 'c'];
const STEPS = 1_500;

/** What is built otherwise than it should be. */
interface Bug {
  readonly deciders?: TestLedgerOptions['deciders'];
  readonly reducers?: ReducerSet;
  /** Ids of what comes again are not the same. */
  readonly forgetIds?: true;
}

class Play {
  readonly #random: SeededRandom;
  readonly #bug: Bug;
  readonly #model = new InboxModel(SETTINGS);
  #stage: BusStage;
  #opened = 1;

  constructor(random: SeededRandom, bug: Bug) {
    this.#random = random;
    this.#bug = bug;
    this.#stage = makeBusStage({ seed: random.seed, ...this.#given });
    this.#stage.register('i', SETTINGS);
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      this.#act();
      this.#model.holds(this.#stage.inbox('i').waiting);
    }
    // Whatever was let in has an end: handled, given up or past its time.
    for (let round = 0; round < 500 && this.#model.open.length > 0; round += 1) {
      this.#pass(SETTINGS.handleMs);
      this.#deliver(20);
      for (const id of this.#model.handedOut) this.#answer('message.ack', id);
    }
    assert.deepEqual(this.#model.open, []);
  }

  get #given(): TestLedgerOptions {
    const { deciders, reducers: set } = this.#bug;
    return { ...(deciders ? { deciders } : {}), ...(set ? { reducers: set } : {}) };
  }

  get #now(): number {
    return this.#stage.ledger.clock.ms;
  }

  #act(): void {
    const choice = this.#random.below(100);
    if (choice < 40) this.#send();
    else if (choice < 58) this.#deliver(1 + this.#random.below(this.#random.pick([1, 3, 12])));
    else if (choice < 78) this.#answer('message.ack', this.#someId());
    else if (choice < 85) this.#answer('message.nack', this.#someId());
    else if (choice < 93) this.#pass(this.#random.pick([1, 100, 400, 1_000]));
    else if (choice < 97) this.#model.swept(this.#do(system, 'inbox.sweep', {}), this.#now);
    else this.#crash();
  }

  /** The same record, opened by a later owner. */
  #crash(): void {
    const { database, signer, clock } = this.#stage.ledger;
    this.#opened += 1;
    const seed = this.#random.below(2 ** 30);
    this.#stage = makeBusStage({
      database,
      signer,
      clock,
      seed,
      epoch: this.#opened,
      ...this.#given,
    });
  }

  #pass(ms: number): void {
    this.#stage.ledger.clock.ms += ms;
  }

  #someId(): string {
    const ids = this.#model.handedOut;
    if (ids.length === 0 || this.#random.below(20) === 0) return this.#stage.ledger.newId();
    return this.#random.pick(ids);
  }

  /** Commands of which the answer was lost are given again under the same id. */
  #say(speaker: ReturnType<typeof agent>, name: string, input: object): SkeinEvent[] | SkeinError {
    const id = this.#stage.ledger.newId();
    const given = { inbox: this.#stage.id('i'), ...input };
    const said = this.#stage.say(speaker, name, given, id);
    if (this.#random.below(10) > 0) return said;
    if (this.#random.below(2) === 0) this.#crash();
    const again = this.#stage.say(
      speaker,
      name,
      given,
      this.#bug.forgetIds ? this.#stage.ledger.newId() : id,
    );
    if (Array.isArray(said)) assert.deepEqual(again, [], `${name} had an effect twice`);
    return said;
  }

  #do(speaker: ReturnType<typeof agent>, name: string, input: object): SkeinEvent[] {
    const said = this.#say(speaker, name, input);
    if (said instanceof SkeinError) throw said;
    return said;
  }

  #send(): void {
    const from = this.#random.pick(SENDERS);
    const priority = this.#random.pick(PRIORITIES);
    const expiresInMs = this.#random.below(4) === 0 ? 1 + this.#random.below(3_000) : undefined;
    const answerInMs = this.#random.below(4) === 0 ? 1 + this.#random.below(3_000) : undefined;
    const input = { to: 'i', text: '', priority, ...defined({ expiresInMs, answerInMs }) };
    const said = this.#say(agent(from), 'message.send', input);
    const [first] = Array.isArray(said) ? said : [];
    if (said instanceof SkeinError) assert.equal(said.name, 'inbox-full');
    const times = {
      expiresMs: expiresInMs === undefined ? Infinity : this.#now + expiresInMs,
      answerMs: answerInMs === undefined ? Infinity : this.#now + answerInMs,
    };
    this.#model.sent({ id: first?.id ?? '', from, priority, ...times }, first !== undefined);
  }

  #deliver(most: number): void {
    this.#model.delivered(this.#do(agent('i'), 'message.deliver', { most }), most, this.#now);
  }

  #answer(name: 'message.ack' | 'message.nack', message: string): void {
    const delayMs = this.#random.pick([0, 0, 500, 2_000]);
    const input =
      name === 'message.ack' ? { message, processingMs: 1 } : { message, reason: 'r', delayMs };
    const said = this.#say(agent('i'), name, input);
    this.#model.answered(message, Array.isArray(said), Array.isArray(said) ? said[0] : undefined);
  }
}

const defined = (values: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** The decider sees another inbox than there is. */
function distorted(name: string, change: (inbox: InboxState) => InboxState): Bug {
  const honest = busDeciders[name] as Decider;
  const decider: Decider = (input, context) => {
    const entity = (kind: Entity['kind'], id: string): Entity | undefined => {
      const found = context.entity(kind, id);
      if (kind !== 'inbox' || found === undefined) return found;
      return { ...found, body: change(found.body as InboxState) };
    };
    return honest(input, { ...context, entity: entity as DecisionContext['entity'] });
  };
  return { deciders: { [name]: decider } };
}

const eachWaiting =
  (change: (each: WaitingMessage) => WaitingMessage) =>
  (inbox: InboxState): InboxState => ({ ...inbox, waiting: inbox.waiting.map(change) });

const forgetful: ReducerSet = {
  ...reducers,
  reducers: {
    ...reducers.reducers,
    inbox: (state: InboxState | undefined, event: never): InboxState => {
      const after = reducers.reducers.inbox(state as never, event) as InboxState;
      const { type, data } = event as { type: string; data: { message: string } };
      if (type !== 'message.returned') return after;
      return { ...after, waiting: after.waiting.filter(({ message }) => message !== data.message) };
    },
  },
};

const BUGS: Readonly<Record<string, Bug>> = {
  'ids are not remembered': { forgetIds: true },
  'the reserve is ignored': distorted('message.send', (inbox) => ({
    ...inbox,
    limit: inbox.limit * 2,
  })),
  'there is room, and it is refused': distorted('message.send', (inbox) => ({
    ...inbox,
    limit: inbox.limit - 2,
  })),
  'senders are not kept in order': distorted(
    'message.deliver',
    eachWaiting((each) => ({ ...each, from: each.message })),
  ),
  'the less urgent starve': distorted('message.deliver', (inbox) => ({ ...inbox, streak: 0 })),
  'the urgent starve': distorted('message.deliver', (inbox) => ({ ...inbox, streak: 8 })),
  'urgency is ignored': distorted(
    'message.deliver',
    eachWaiting((each) => ({ ...each, priority: 'normal' })),
  ),
  'what is past its time is handed out': distorted(
    'message.deliver',
    eachWaiting(({ expiresAt: _, ...each }) => each),
  ),
  'what is out is handed out again': distorted(
    'message.deliver',
    eachWaiting((each) => ({ ...each, until: null })),
  ),
  'the delay is ignored': distorted(
    'message.deliver',
    eachWaiting((each) => ({ ...each, notBefore: null })),
  ),
  'nothing is ever given up': distorted('message.deliver', (inbox) => ({ ...inbox, tries: 1_000 })),
  'it is given up too early': distorted('message.nack', (inbox) => ({ ...inbox, tries: 1 })),
  'what is not answered never comes again': distorted(
    'message.deliver',
    eachWaiting((each) => ({ ...each, until: each.until === null ? null : '9' })),
  ),
  'the alarm is forgotten': distorted(
    'inbox.sweep',
    eachWaiting(({ answerBy: _, ...each }) => each),
  ),
  'the alarm is given again': distorted(
    'inbox.sweep',
    eachWaiting(({ alarmed: _, ...each }) => each),
  ),
  'what was returned is lost': { reducers: forgetful },
};

describe('an inbox under random commands', () => {
  it('keeps what it owes', (context) => {
    const random = seededFor(context);
    for (let game = 0; game < 2; game += 1) new Play(makeRandom(random.seed + game), {}).run(STEPS);
  });

  for (const [name, bug] of Object.entries(BUGS)) {
    it(`is noticed when ${name}`, (context) => {
      const { seed } = seededFor(context);
      assert.throws(() => new Play(makeRandom(seed), bug).run(STEPS), assert.AssertionError);
    });
  }
});
