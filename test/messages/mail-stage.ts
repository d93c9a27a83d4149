/** Nodes of one space with a mailroom each; pages are carried by hand, time moves by hand. */
import { setImmediate } from 'node:timers/promises';
import { Mailroom, type MailroomOptions } from '#bus/inbox/mailroom.ts';
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import type { Page, Taken } from '#ledger/ledger.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { agentId } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { makeRandom } from '../support/seeded-random.ts';
import { human, newSigner, type TestClock } from '../support/test-ledger.ts';
import {
  admit,
  makeTestNode,
  nextPage,
  type TestNode,
  type TestNodeOptions,
} from '../support/test-nodes.ts';
import { TestTimers } from '../swarm/test-timers.ts';
import { agent } from './bus-stage.ts';
import { makeMemoryLedger, type MemoryLedger } from './memory-ledger.ts';

/** A node, its record and its mailroom. */
export interface MailNode {
  readonly node: TestNode;
  readonly ledger: MemoryLedger;
  readonly timers: TestTimers;
  readonly clock: TestClock;
  readonly room: Mailroom;
  readonly reported: string[];
  readonly id: (name: string) => string;
  readonly inbox: (name: string) => InboxState;
  readonly events: () => SkeinEvent[];
  /** Executes a command; answers its events' types. */
  readonly do: (
    speaker: Speaker,
    name: string,
    input: unknown,
    commandId?: string,
  ) => Promise<string>;
  readonly register: (name: string, more?: object) => Promise<string>;
  readonly send: (from: string, to: string, more?: object) => Promise<string>;
  readonly ack: (name: string, message: string) => Promise<string>;
  /** Moves both clocks, and lets everything that is due happen. */
  readonly pass: (ms: number) => Promise<void>;
  /** The same record, opened by a later owner of the node with a new mailroom. */
  readonly reopen: () => MailNode;
}

/** Lets everything that needs no time happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

let seed = 100;

/** The founder of a space, or with `founder` one that joins. */
export function makeMailNode(
  options: TestNodeOptions = {},
  more: Partial<MailroomOptions> = {},
): MailNode {
  seed += 2;
  const clock = options.clock ?? { ms: Date.UTC(2026, 10, 21) };
  const node = makeTestNode({ signer: newSigner(), seed, ...options, clock });
  return openMailNode(node, { ...options, clock }, more);
}

/** Who owned a record last. */
const epochs = new Map<TestNode['database'], number>();

function openMailNode(
  node: TestNode,
  options: TestNodeOptions & { readonly clock: TestClock },
  more: Partial<MailroomOptions>,
): MailNode {
  const { clock } = options;
  seed += 2;
  const ledger = makeMemoryLedger(node);
  const timers = new TestTimers();
  const reported: string[] = [];
  const newId = makeUuidv7({ now: () => clock.ms, random: makeRandom(seed).fill });
  const room = new Mailroom({
    ledger,
    nodeKey: node.signer.key,
    secret: `secret of ${node.signer.key}`,
    now: () => clock.ms,
    after: timers.after,
    newId,
    report: (error) => void reported.push(error.message),
    ...more,
  });
  const id = (name: string): string => agentId(name, node.signer.key);
  const act: MailNode['do'] = async (speaker, name, input, commandId = newId()) => {
    const { events } = await ledger.execute({ id: commandId, name, input }, speaker);
    return events.map((each) => typeAt(ledger, each)).join(' ');
  };
  return {
    node,
    ledger,
    timers,
    clock,
    room,
    reported,
    id,
    do: act,
    inbox: (name) => ledger.read.entity('inbox', id(name))?.body as InboxState,
    events: () => ledger.read.events({ after: 0, limit: 10_000 }).map(read),
    register: (name, card = {}) =>
      act(human, 'agent.register', { name, role: 'r', skills: [], topics: [], ...card }),
    send: async (from, to, saying = {}) => {
      const message = newId();
      await act(agent(from), 'message.send', { to, text: 'hello', ...saying }, message);
      return message;
    },
    ack: (name, message) =>
      act(agent(name), 'message.ack', { inbox: id(name), message, processingMs: 1 }),
    pass: async (ms) => {
      clock.ms += ms;
      timers.advance(ms);
      await settle();
    },
    reopen: () => {
      const { database, signer } = node;
      const epoch = (epochs.get(database) ?? 1) + 1;
      epochs.set(database, epoch);
      seed += 2;
      const opened = makeTestNode({ ...options, database, signer, epoch, clock, seed });
      return openMailNode(opened, { ...options, clock }, more);
    },
  };
}

const read = ({ body }: { readonly body: Buffer | null }): SkeinEvent =>
  decodeEvent(body ?? '').event as SkeinEvent;

function typeAt(ledger: MemoryLedger, id: string): string {
  const [stored] = ledger.read.events({ after: (ledger.read.position(id) ?? 0) - 1, limit: 1 });
  return stored?.type ?? '';
}

/** Two nodes of one space that know each other's members and agents. */
export async function twoNodes(more: Partial<MailroomOptions> = {}): Promise<[MailNode, MailNode]> {
  const clock = { ms: Date.UTC(2026, 10, 21) };
  const one = makeMailNode({ clock });
  const other = makeMailNode({ clock, founder: one.node.signer.key }, more);
  admit(one.node, other.node);
  await carry(one, other);
  await carry(other, one);
  return [one, other];
}

/** Pages with all that `to` lacks of `from`, or of one of its chains. */
export function* pagesFor(
  from: MailNode,
  to: MailNode,
  bytes = 4_096,
  of?: string,
): Generator<Page> {
  for (const { chain } of from.node.chains.heads()) {
    if (of !== undefined && of !== chain) continue;
    for (;;) {
      const page = nextPage(from.node, to.node, chain, bytes);
      if (page === undefined) break;
      yield page;
    }
  }
}

/** Carries all over, with the reactions that belong to it; answers how many commands had an effect. */
export async function carry(from: MailNode, to: MailNode, bytes?: number): Promise<number> {
  let effects = 0;
  for (let isNew = true; isNew;) {
    isNew = false;
    for (const { chain } of from.node.chains.heads()) {
      for (const page of pagesFor(from, to, bytes, chain)) {
        const taken = await to.ledger.exchange.take(page, to.room.reactionsTo(page));
        // What it builds on is on another chain.
        if (taken.type === 'waits') break;
        effects += effectsOf(taken);
        isNew = true;
      }
    }
  }
  await settle();
  return effects;
}

function effectsOf(taken: Taken): number {
  if (taken.type !== 'taken') throw new Error(`the page was not taken: ${JSON.stringify(taken)}`);
  let effects = 0;
  for (const outcome of taken.outcomes) {
    if ('error' in outcome) throw new Error(outcome.error.detail);
    if (!outcome.receipt.repeated) effects += outcome.receipt.events.length;
  }
  return effects;
}
