/**
 * What an inbox owes to everybody, said a second time and otherwise than it is built: told of every
 * command and its outcome, it throws when something was lost, came twice, came out of order or too
 * late, starved, or had more room than there is.
 */
import assert from 'node:assert/strict';
import { PRIORITIES, type Priority } from '#protocol/events/message.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';

/** A message in the model; times in milliseconds, `arrival` counts up. */
interface Known {
  readonly id: string;
  readonly from: string;
  readonly priority: Priority;
  readonly expiresMs: number;
  readonly answerMs: number;
  end: 'open' | 'handled' | 'dead' | 'expired';
  tries: number;
  untilMs: number;
  notBeforeMs: number;
  alarms: number;
}

/** A delivery, and what was given in it so far: that is no hindrance for what follows. */
interface Delivery {
  readonly nowMs: number;
  readonly given: Set<Known>;
}

/** How the inbox was opened. */
export interface ModelSettings {
  readonly limit: number;
  readonly handleMs: number;
  readonly tries: number;
}

/** What is sent. */
export interface Sending {
  readonly id: string;
  readonly from: string;
  readonly priority: Priority;
  readonly expiresMs: number;
  readonly answerMs: number;
}

const SHARE = { critical: 1, high: 0.9, normal: 0.75, low: 0.5 };

/** One inbox. */
export class InboxModel {
  readonly #settings: ModelSettings;
  readonly #all: Known[] = [];
  #streak = 0;

  constructor(settings: ModelSettings) {
    this.#settings = settings;
  }

  get open(): readonly Known[] {
    return this.#all.filter(({ end }) => end === 'open');
  }

  /** Ids of what may be answered now. */
  get handedOut(): readonly string[] {
    return this.open.filter(({ tries }) => tries > 0).map(({ id }) => id);
  }

  hasRoom(priority: Priority): boolean {
    return this.open.length < Math.floor(this.#settings.limit * SHARE[priority]);
  }

  sent(sending: Sending, accepted: boolean): void {
    assert.equal(accepted, this.hasRoom(sending.priority), `room for ${sending.priority}`);
    const fresh = { end: 'open' as const, tries: 0, untilMs: 0, notBeforeMs: 0, alarms: 0 };
    if (accepted) this.#all.push({ ...sending, ...fresh });
  }

  /** What was handed out when `most` were asked for. */
  delivered(events: readonly SkeinEvent[], most: number, nowMs: number): void {
    this.#ended(events, nowMs);
    const given = events.flatMap((each) =>
      each.type === 'message.delivered' ? each.data.messages : [],
    );
    assert.ok(given.length <= most, 'more than was asked for');
    const able = this.open.filter((each) => this.#isAble(each, nowMs));
    const left = new Map(able.map((each) => [each.id, each]));
    const now = { nowMs, given: new Set<Known>() };
    for (const id of given) {
      const taken = left.get(id);
      assert.ok(taken !== undefined, `${id} was not to be handed out`);
      this.#isInTurn(taken, [...left.values()], now);
      left.delete(id);
      now.given.add(taken);
      taken.tries += 1;
      taken.untilMs = nowMs + this.#settings.handleMs;
      taken.notBeforeMs = 0;
    }
    if (given.length < most) {
      const stuck = [...left.values()].filter((each) => !this.#isBehind(each, now));
      assert.deepEqual(stuck, [], 'something could have been handed out');
    }
  }

  answered(id: string, accepted: boolean, event?: SkeinEvent): void {
    const known = this.#all.find((each) => each.id === id);
    assert.equal(accepted, known?.end === 'open' && known.tries > 0, `an answer to ${id}`);
    if (known === undefined || !accepted) return;
    if (event?.type === 'message.returned') {
      known.untilMs = 0;
      known.notBeforeMs = Date.parse(event.data.notBefore);
      assert.ok(known.tries < this.#settings.tries, 'it was tried often enough');
    } else if (event?.type === 'message.dead-lettered') {
      assert.equal(known.tries, this.#settings.tries, 'it was given up too early');
      known.end = 'dead';
    } else known.end = 'handled';
  }

  swept(events: readonly SkeinEvent[], nowMs: number): void {
    this.#ended(events, nowMs);
    for (const event of events) {
      if (event.type !== 'message.unanswered') continue;
      const known = this.open.find(({ id }) => id === event.data.message);
      assert.ok(known !== undefined && known.answerMs <= nowMs, 'a false alarm');
      known.alarms += 1;
      assert.equal(known.alarms, 1, 'an alarm given twice');
    }
    const silent = this.open.filter(({ answerMs, alarms }) => answerMs <= nowMs && alarms === 0);
    assert.deepEqual(silent, [], 'no alarm was given');
  }

  /** The inbox as it stands: exactly what is open, in the order of arrival. */
  holds(waiting: readonly { readonly message: string }[]): void {
    assert.deepEqual(
      waiting.map(({ message }) => message),
      this.open.map(({ id }) => id),
    );
  }

  /** Told of all that ended without an answer; nothing that is over may stay. */
  #ended(events: readonly SkeinEvent[], nowMs: number): void {
    for (const event of events) {
      if (event.type !== 'message.expired' && event.type !== 'message.dead-lettered') continue;
      const known = this.open.find(({ id }) => id === event.data.message);
      assert.ok(known !== undefined, `${event.type}: it is not there`);
      assert.ok(known.untilMs <= nowMs, `${event.type}: somebody works on it`);
      if (event.type === 'message.expired') assert.ok(known.expiresMs <= nowMs, 'it was in time');
      else assert.equal(known.tries, this.#settings.tries, 'it was given up too early');
      known.end = event.type === 'message.expired' ? 'expired' : 'dead';
    }
    const over = this.open.filter((each) => each.untilMs <= nowMs && this.#isOver(each, nowMs));
    assert.deepEqual(over, [], 'what is over stays');
  }

  #isOver({ expiresMs, tries }: Known, nowMs: number): boolean {
    return expiresMs <= nowMs || tries >= this.#settings.tries;
  }

  #isAble({ untilMs, notBeforeMs }: Known, nowMs: number): boolean {
    return untilMs <= nowMs && notBeforeMs <= nowMs;
  }

  /** Whether an earlier one of the same sender and urgency is not done with. */
  #isBehind(message: Known, { nowMs, given }: Delivery): boolean {
    const earlier = this.#all.slice(0, this.#all.indexOf(message));
    return earlier.some(
      (each) =>
        each.end === 'open' &&
        !given.has(each) &&
        each.from === message.from &&
        each.priority === message.priority &&
        !this.#isAble(each, nowMs),
    );
  }

  #isInTurn(taken: Known, able: readonly Known[], now: Delivery): void {
    const ready = able.filter((each) => !this.#isBehind(each, now));
    assert.ok(
      ready.includes(taken),
      `${taken.id} came before an earlier one that is not done with`,
    );
    const mine = ready.filter(
      ({ from, priority }) => from === taken.from && priority === taken.priority,
    );
    assert.equal(mine[0], taken, 'out of order');
    const rank = ({ priority }: Known): number => PRIORITIES.indexOf(priority);
    const highest = Math.min(...ready.map(rank));
    const lower = ready.filter((each) => rank(each) > highest);
    if (rank(taken) > highest) {
      assert.ok(this.#streak >= 8, 'the urgent wait too often');
      assert.equal(lower[0], taken, 'it was not the turn of the oldest');
      this.#streak = 0;
      return;
    }
    if (lower.length > 0) assert.ok(this.#streak < 8, 'the less urgent starve');
    this.#streak = lower.length === 0 ? 0 : this.#streak + 1;
  }
}
