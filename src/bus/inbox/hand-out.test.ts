/** What an inbox hands out and takes in, from states written by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Priority } from '#protocol/events/message.ts';
import { dueOf, handOut, isAdmitted, MAX_STREAK, roomFor } from './hand-out.ts';
import type { InboxState, WaitingMessage } from './inbox-reducer.ts';

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();

const waiting = (
  message: string,
  priority: Priority = 'normal',
  more: Partial<WaitingMessage> = {},
): WaitingMessage => ({
  message,
  from: 'a@0',
  priority,
  sentAt: at(0),
  receivedAt: at(0),
  tries: 0,
  until: null,
  notBefore: null,
  ...more,
});

const inboxOf = (
  messages: readonly WaitingMessage[],
  more: Partial<InboxState> = {},
): InboxState => ({
  status: 'open',
  limit: 100,
  handleMs: 1_000,
  tries: 3,
  waiting: messages,
  deferred: {},
  dead: [],
  streak: 0,
  received: 0,
  handled: 0,
  expired: 0,
  died: 0,
  ...more,
});

const idsOf = (messages: readonly WaitingMessage[]): string =>
  messages.map(({ message }) => message).join(' ');

describe('handing out of an inbox', () => {
  it('gives the urgent first, and what is as urgent in the order of arrival', () => {
    const inbox = inboxOf([
      waiting('l', 'low'),
      waiting('n1'),
      waiting('c', 'critical'),
      waiting('n2', 'normal', { from: 'b@0' }),
      waiting('h', 'high'),
    ]);
    assert.equal(idsOf(handOut(inbox, at(1), 9).messages), 'c h n1 n2 l');
    assert.equal(idsOf(handOut(inbox, at(1), 2).messages), 'c h');
    assert.equal(idsOf(handOut(inbox, at(1), 0).messages), '');
  });

  it('gives nothing of a sender behind what is out, or was returned and must wait', () => {
    const out = inboxOf([
      waiting('n1', 'normal', { tries: 1, until: at(9) }),
      waiting('n2'),
      waiting('h', 'high'),
    ]);
    assert.equal(idsOf(handOut(out, at(8), 9).messages), 'h');
    // Its time is over: it comes again, before the later one.
    assert.equal(idsOf(handOut(out, at(9), 9).messages), 'h n1 n2');
    const returned = inboxOf([
      waiting('n1', 'normal', { tries: 1, notBefore: at(9) }),
      waiting('n2'),
    ]);
    assert.equal(idsOf(handOut(returned, at(8), 9).messages), '');
    assert.equal(idsOf(handOut(returned, at(9), 9).messages), 'n1 n2');
    const other = inboxOf([
      waiting('n1', 'normal', { tries: 1, notBefore: at(9) }),
      waiting('n2', 'normal', { from: 'b@0' }),
    ]);
    assert.equal(idsOf(handOut(other, at(8), 9).messages), 'n2');
  });

  it('lets a less urgent one that waits have its turn after eight, over several hand-outs', () => {
    const flood = Array.from({ length: 20 }, (_, index) => waiting(`c${index}`, 'critical'));
    const inbox = inboxOf([waiting('l', 'low'), ...flood]);
    const { messages, streak } = handOut(inbox, at(1), 20);
    assert.equal(
      messages.findIndex(({ message }) => message === 'l'),
      MAX_STREAK,
    );
    assert.equal(streak, 0);
    assert.equal(handOut(inbox, at(1), 5).streak, 5);
    assert.equal(idsOf(handOut({ ...inbox, streak: 8 }, at(1), 2).messages), 'l c0');
    // When nobody less urgent waits nobody is made to wait.
    assert.equal(handOut(inboxOf(flood, { streak: 8 }), at(1), 20).messages.length, 20);
  });

  it('gives the turn to the oldest of those that are less urgent', () => {
    const flood = Array.from({ length: 30 }, (_, index) => waiting(`c${index}`, 'critical'));
    const inbox = inboxOf([waiting('l', 'low'), waiting('n'), ...flood]);
    const order = idsOf(handOut(inbox, at(1), 30).messages).split(' ');
    assert.deepEqual([order.indexOf('l'), order.indexOf('n')], [8, 17]);
  });

  it('tells what is past its time and what was never answered, and goes on behind it', () => {
    const inbox = inboxOf([
      waiting('old', 'normal', { expiresAt: at(5) }),
      waiting('dead', 'normal', { tries: 3, until: at(4) }),
      waiting('next'),
      waiting('busy', 'high', { tries: 3, until: at(6), expiresAt: at(5) }),
    ]);
    const given = handOut(inbox, at(5), 9);
    assert.equal(idsOf(given.expired), 'old');
    assert.equal(idsOf(given.dead), 'dead');
    assert.equal(idsOf(given.messages), 'next');
  });
});

describe('room in an inbox', () => {
  it('keeps a part for what is more urgent', () => {
    const room = (messages: number, priority: Priority): number =>
      roomFor(
        inboxOf(Array.from({ length: messages }, (_, index) => waiting(`${index}`))),
        priority,
      );
    assert.deepEqual(
      [room(50, 'low'), room(74, 'normal'), room(89, 'high'), room(99, 'critical')],
      [0, 1, 1, 1],
    );
    assert.deepEqual([room(75, 'normal'), room(90, 'high'), room(100, 'critical')], [0, 0, 0]);
  });

  it('lets nothing in before what was deferred', () => {
    const inbox = inboxOf([], { deferred: { low: { at: 'e', taken: false, count: 1 } } });
    assert.equal(isAdmitted(inbox, 'low'), false);
    assert.equal(isAdmitted(inbox, 'normal'), true);
  });
});

describe('the next moment of a message', () => {
  it('is the first that is still to come', () => {
    const one = { until: at(4), notBefore: null, expiresAt: at(9), answerBy: at(6) };
    assert.deepEqual(
      [1, 4, 6, 9].map((now) => dueOf(one, at(now))),
      [at(4), at(6), at(9), undefined],
    );
    assert.equal(dueOf({ ...one, alarmed: true }, at(4)), at(9));
    assert.equal(dueOf({ until: null, notBefore: at(3) }, at(1)), at(3));
    assert.equal(dueOf({ until: null, notBefore: null }, at(1)), undefined);
  });
});
