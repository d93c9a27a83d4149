/**
 * What must hold of the messages and requests on the record of one node, by the events of their
 * homes. Of nodes that went on with an older copy only what is unsafe is looked for: what they had
 * told after it may be void.
 */
import assert from 'node:assert/strict';
import { shortNode } from '#protocol/address.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { RecordView, SeenEvent } from './record-view.ts';

/** The record of the node `home`, which it is asked about its own inboxes. Keys of nodes. */
export interface MailCase {
  readonly view: RecordView;
  readonly home: string;
  readonly members: readonly string[];
  readonly restored: ReadonlySet<string>;
}

type Type = SkeinEvent['type'];
type Seen<T extends Type> = SeenEvent & { readonly event: Extract<SkeinEvent, { type: T }> };

const isType = <T extends Type>(seen: SeenEvent, type: T): seen is Seen<T> =>
  seen.event.type === type;

/** Throws at the first thing that is wrong. */
export function checkMail(mail: MailCase): void {
  const book = new MailBook(mail);
  for (const sent of book.all('message.sent')) book.checkSent(sent);
  book.checkEnds();
  book.checkOrder();
  book.checkDeliveries();
  book.checkRequests();
}

/** How a message ended in an inbox, or for all of a group. */
interface End {
  readonly type: 'handled' | 'dead' | 'expired' | 'refused';
  readonly at: string;
}

class MailBook {
  readonly #mail: MailCase;
  readonly #ends = new Map<string, End[]>();
  readonly #byShort: ReadonlyMap<string, string>;

  constructor(mail: MailCase) {
    this.#mail = mail;
    this.#byShort = new Map(mail.members.map((key) => [shortNode(key), key]));
    for (const each of mail.view.events) this.#noteEnd(each);
  }

  all<T extends Type>(type: T): readonly Seen<T>[] {
    return this.#mail.view.events.filter((each) => isType(each, type)) as readonly Seen<T>[];
  }

  /** A message has exactly one end at everybody it was for; one of a group has one at all. */
  checkSent({ event, author, position }: Seen<'message.sent'>): void {
    const { to } = event.data;
    const ends = this.#ends.get(event.id) ?? [];
    if (to.startsWith('skill:')) return this.#checkGroup(event.id, author, ends);
    if (to.startsWith('topic:'))
      return this.#checkTopic(event.id, { position, from: event.actor }, ends);
    const inbox = to.slice('agent:'.length);
    // Who asked without an inbox reads the answer on the record.
    const isAsker = event.data.replyTo !== undefined && /^[pq]@/u.test(inbox);
    if (!this.#isSteady(inbox) || isAsker) return;
    const here = ends.filter(({ at }) => at === inbox);
    assert.equal(
      here.length,
      1,
      `${event.id} to ${to} has ${here.length} ends: ${JSON.stringify(ends)}`,
    );
  }

  /** Nobody handles a message twice, nor after it ended otherwise. */
  checkEnds(): void {
    for (const [message, ends] of this.#ends) {
      const places = ends
        .filter(({ type }) => type !== 'refused' && type !== 'dead')
        .map(({ at }) => at);
      assert.equal(
        new Set(places).size,
        places.length,
        `${message} was handled twice: ${places.join()}`,
      );
    }
    const alarms = this.all('message.unanswered').map(
      ({ event: { data } }) => `${data.message} ${data.to}`,
    );
    assert.equal(new Set(alarms).size, alarms.length, 'an alarm was given twice');
  }

  /** What one sender sent as urgently is given to an agent in that order, for the first time. */
  checkOrder(): void {
    const places = new Map<string, { readonly line: string; readonly place: number }>();
    for (const { event, author, position } of this.all('message.sent')) {
      if (event.data.to.startsWith('skill:') || this.#mail.restored.has(author)) continue;
      const line = `${event.actor} ${author} ${event.data.priority ?? 'normal'}`;
      places.set(event.id, { line, place: position });
    }
    const last = new Map<string, number>();
    const given = new Set<string>();
    for (const { event, author } of this.all('message.delivered')) {
      if (this.#mail.restored.has(author)) continue;
      const { inbox, messages } = event.data;
      for (const message of messages) {
        const found = places.get(message);
        if (found === undefined || given.has(`${inbox} ${message}`)) continue;
        given.add(`${inbox} ${message}`);
        const line = `${inbox} ${found.line}`;
        assert.ok((last.get(line) ?? 0) < found.place, `${message} came to ${inbox} out of order`);
        last.set(line, found.place);
      }
    }
  }

  /** What is handed out comes again only when its time is over, or when it was given back. */
  checkDeliveries(): void {
    const out = new Map<string, string>();
    for (const each of this.#mail.view.events) {
      if (this.#mail.restored.has(each.author)) continue;
      if (isType(each, 'message.returned'))
        out.delete(`${each.event.data.inbox} ${each.event.data.message}`);
      if (!isType(each, 'message.delivered')) continue;
      const { inbox, messages, until } = each.event.data;
      for (const message of messages) {
        const before = out.get(`${inbox} ${message}`) ?? '';
        assert.ok(
          before <= each.event.time,
          `${message} came again to ${inbox} before its time was over`,
        );
        out.set(`${inbox} ${message}`, until);
      }
    }
  }

  /** As many are accepted or rejected as were made, by whom they were made to; a task is given once. */
  checkRequests(): void {
    const answers = new Map<string, number>();
    for (const type of ['request.accepted', 'request.rejected'] as const) {
      for (const { event, author } of this.all(type)) {
        const key = `${event.data.request} ${author}`;
        answers.set(key, 1 + (answers.get(key) ?? 0));
      }
    }
    for (const { event, author } of this.all('request.made')) {
      const { to } = event.data;
      if (!this.#isUp(to) || !this.#mail.members.includes(author)) continue;
      const count = answers.get(`${event.id} ${to}`) ?? 0;
      assert.equal(count, 1, `request ${event.id} has ${count} answers`);
    }
    const granted = this.all('lease.granted')
      .filter(({ author }) => !this.#mail.restored.has(author))
      .map(({ event, author }) => `${event.data.task} ${event.data.epoch} ${author}`);
    assert.equal(new Set(granted).size, granted.length, 'a task was given to two');
  }

  #noteEnd(seen: SeenEvent): void {
    const note = (message: string, end: End): void =>
      void this.#ends.set(message, [...(this.#ends.get(message) ?? []), end]);
    const isHome = (inbox: string): boolean => inbox.endsWith(`@${shortNode(seen.author)}`);
    const { event } = seen;
    if (event.type === 'message.refused') {
      const { message, to } = event.data;
      if (to.startsWith('skill:') || isHome(to)) note(message, { type: 'refused', at: to });
    } else if (event.type === 'message.handled' || event.type === 'message.expired') {
      const { message, inbox = '' } = event.data;
      const type = event.type === 'message.handled' ? 'handled' : 'expired';
      if (isHome(inbox)) note(message, { type, at: inbox });
    } else if (event.type === 'message.dead-lettered') {
      const { message, inbox = '' } = event.data;
      if (isHome(inbox)) note(message, { type: 'dead', at: inbox });
    }
  }

  /** Exactly one agent has it; it may have gone from one to the next before. */
  #checkGroup(message: string, author: string, ends: readonly End[]): void {
    const last = ends.filter(
      ({ type, at }) => type === 'handled' || type === 'expired' || at.startsWith('skill:'),
    );
    const assigned = this.all('message.assigned').filter(
      ({ event }) => event.data.message === message,
    );
    if (assigned.some((each) => each.author !== author && this.#isUp(author))) return;
    const isSteady = assigned.every(({ event }) =>
      this.#isSteady(event.data.to.slice('agent:'.length)),
    );
    if (!isSteady || !this.#isUp(author)) return;
    assert.ok(last.length <= 1, `${message} of a group has several ends: ${JSON.stringify(ends)}`);
    // That one of them refused it is no end: another one gets it, or the group as a whole refuses.
    const isOver = ends.some(({ type, at }) => type !== 'refused' || at.startsWith('skill:'));
    assert.ok(isOver, `${message} of a group has no end`);
  }

  /** Whoever listened as it arrived has it. */
  #checkTopic(
    message: string,
    { position, from }: { readonly position: number; readonly from: string },
    ends: readonly End[],
  ): void {
    const { view, home, restored } = this.#mail;
    const listener = `x@${shortNode(home)}`;
    if (restored.has(home)) return;
    const isSender = view.events.some(
      (each) => each.position === position && each.author === home && from === 'agent:x',
    );
    const since = view.events.find(
      (each) => isType(each, 'agent.registered') && each.event.subject === `agent/${listener}`,
    )?.position;
    const own = ends.filter(({ at }) => at === listener);
    const isMeant = !isSender && (since ?? Infinity) < position;
    assert.equal(
      own.length,
      isMeant ? 1 : 0,
      `${message} to a topic has ${own.length} ends at ${listener}`,
    );
  }

  /** Whether the home of an inbox is a member that never went back to an older copy. */
  #isSteady(inbox: string): boolean {
    const key = this.#byShort.get(inbox.slice(inbox.indexOf('@') + 1));
    return key !== undefined && this.#isUp(key);
  }

  #isUp(key: string): boolean {
    return this.#mail.members.includes(key) && !this.#mail.restored.has(key);
  }
}
