/**
 * The agents of one node: they register as soon as they may, follow their inboxes, think, and answer,
 * give back, forget or come too late; once it is calm they only acknowledge.
 */
import type { Letter } from '#bus/inbox/letters.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { human } from '../../support/test-ledger.ts';
import { agent } from '../../messages/bus-stage.ts';
import type { Life, SimPeer } from './sim-peer.ts';

/** What agents are called and can do; `z` comes and goes. */
export const CARDS = {
  x: { skills: ['s'], topics: ['t'] },
  y: { skills: ['s'], topics: [] },
  z: { skills: ['s'], topics: [] },
} as const;

/** How small an inbox is, so that messages have to wait outside. */
const LIMITS = [8, 24];
const TRIES = 12;

/** Until it is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/** What may go wrong when somebody acts who does not know what happened meanwhile. */
const EXPECTED: readonly string[] = [
  'conflict',
  'inbox-full',
  'not-found',
  'not-home',
  'not-member',
  'message-expired',
  'storage-failed',
];

/** The agents of a node, over all its lives. */
export class SimAgents {
  /** What should not have happened. */
  readonly surprises: string[] = [];
  readonly #peer: SimPeer;
  readonly #random: SeededRandom;
  readonly #handleMs: number;
  readonly #limit: number;
  #isCalm = false;

  constructor(peer: SimPeer, random: SeededRandom) {
    this.#peer = peer;
    this.#random = random;
    this.#handleMs = random.pick([2_000, 10_000, 40_000]);
    this.#limit = random.pick(LIMITS);
  }

  /** With each life of the node: those who are there begin. */
  begin(life: Life): void {
    const names = this.#isCalm ? (['x', 'y', 'z'] as const) : (['x', 'y'] as const);
    for (const name of names) this.#enter(life, name, this.#isCalm || name === 'x');
  }

  /** From now on all do what they should. */
  calm(): void {
    this.#isCalm = true;
    if (this.#peer.life !== undefined) this.begin(this.#peer.life);
  }

  async register(name: keyof typeof CARDS): Promise<boolean> {
    const settings = { limit: this.#limit, handleMs: this.#handleMs, tries: TRIES };
    const input = { name, role: 'r', ...CARDS[name], ...settings };
    return this.act('agent.register', input, human);
  }

  /** Executes a command of its own; answers whether it was accepted. */
  async act(name: string, input: unknown, speaker = human): Promise<boolean> {
    const id = this.#peer.life?.newId() ?? '';
    try {
      await this.#peer.do(speaker, { id, name, input });
      return true;
    } catch (thrown) {
      this.#expect(name, thrown);
      return false;
    }
  }

  /** Takes some messages of an agent who does not follow, and deals with them. */
  async work(life: Life, name: string, most: number): Promise<void> {
    const inbox = this.#peer.idOf(name);
    try {
      const letters = await life.room.take(inbox, { speaker: agent(name), most });
      for (const letter of letters) await this.#deal(name, letter);
    } catch (thrown) {
      this.#expect('take', thrown);
    }
  }

  #enter(life: Life, name: keyof typeof CARDS, follows: boolean): void {
    void this.register(name).then((isThere) => {
      if (!isThere) life.after(RETRY_MS, () => this.#enter(life, name, follows));
      else if (follows) void this.#follow(life, name);
    });
  }

  async #follow(life: Life, name: string): Promise<void> {
    const follower = { speaker: agent(name), most: 1 + this.#random.below(4) };
    try {
      for await (const letter of life.room.follow(this.#peer.idOf(name), follower)) {
        await new Promise<void>((resolve) => life.after(this.#random.below(200), resolve));
        await this.#deal(name, letter);
      }
    } catch (thrown) {
      this.#expect('follow', thrown);
      life.after(RETRY_MS, () => void this.#follow(life, name));
    }
  }

  async #deal(name: string, { id: message }: Letter): Promise<void> {
    const inbox = this.#peer.idOf(name);
    const choice = this.#isCalm ? 0 : this.#random.below(100);
    const done = { inbox, message, processingMs: 1 };
    if (choice < 65) await this.act('message.ack', done, agent(name));
    else if (choice < 78) await this.act('message.reply', { ...done, text: 'yes' }, agent(name));
    else if (choice < 90) {
      const input = { inbox, message, reason: 'not now', delayMs: this.#random.below(5_000) };
      await this.act('message.nack', input, agent(name));
    }
  }

  #expect(what: string, thrown: unknown): void {
    const { name, message } = thrown as SkeinError;
    if (!EXPECTED.includes(name)) this.surprises.push(`${what}: ${name}: ${message}`);
  }
}
