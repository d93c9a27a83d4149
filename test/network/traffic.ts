/**
 * Messages that flow while nodes die and links break: senders that say each message until it is heard,
 * readers that take and answer for ever, and an account of what came, how often and in which order.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { becomes, newId } from '../bus-cli/bus-home.ts';
import { atEnd, logOf, socketIn, type NetNode } from './net-node.ts';

const TRY_AGAIN_MS = 25;

/** How many messages a sender has sent for good. */
export interface Sender {
  readonly sent: () => number;
  readonly done: Promise<void>;
}

/** Who sends what to whom: so many, from the number after `after` on. */
export interface Sending {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly after?: number;
}

/** Sends `1`, `2`, ... in order in the name of an agent; each with one id, until the node has said yes. */
export function startSender(node: NetNode, { from, to, count, after = 0 }: Sending): Sender {
  let sent = 0;
  const send = async (): Promise<void> => {
    while (sent < count) {
      await untilHeard(node, 'message.send', { to, text: String(after + sent + 1) }, from);
      sent += 1;
    }
  };
  return { sent: () => sent, done: send() };
}

/** Says a command until it is heard; a refusal that trying can't mend is thrown. */
async function untilHeard(node: NetNode, name: string, input: object, as: string): Promise<void> {
  const id = newId();
  const endMs = performance.now() + 120_000;
  for (;;) {
    try {
      await node.post(name, input, { as, id });
      return;
    } catch (thrown) {
      const { message } = thrown as Error;
      const isRefused = message.startsWith('{') && !/"retryable":true/u.test(message);
      if (isRefused || performance.now() > endMs) throw thrown;
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** What a reader was given. */
export interface Reader {
  /** Texts of each sender in the order in which they were done with. */
  readonly handled: ReadonlyMap<string, readonly string[]>;
  /** Messages that came again after it was acknowledged that they are done with. */
  readonly again: () => number;
  readonly stop: () => Promise<void>;
}

interface Given {
  readonly id: string;
  readonly from: string;
  readonly text: string;
}

/** Follows the inbox of an agent over any death of its node, and answers each message with ack. */
export function startReader(node: NetNode, agent: string, most = 50): Reader {
  const handled = new Map<string, string[]>();
  const done = new Set<string>();
  const stop = new AbortController();
  let again = 0;
  const take = async (letter: Given): Promise<void> => {
    if (done.has(letter.id)) {
      again += 1;
      return;
    }
    try {
      await untilHeard(node, 'message.ack', { message: letter.id }, agent);
    } catch {
      // It was not answered in time, and comes again.
      return;
    }
    done.add(letter.id);
    handled.set(letter.from, [...(handled.get(letter.from) ?? []), letter.text]);
  };
  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        for await (const letter of lettersOf(node, agent, { most, signal: stop.signal }))
          await take(letter);
      } catch {
        // The node is away; we go on when it is back.
      }
      await sleep(TRY_AGAIN_MS);
    }
  };
  const ended = follow();
  atEnd(() => stop.abort());
  return {
    handled,
    again: () => again,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

async function* lettersOf(
  node: NetNode,
  agent: string,
  { most, signal }: { readonly most: number; readonly signal: AbortSignal },
): AsyncGenerator<Given> {
  const headers = { host: 'skein', authorization: `Bearer ${node.token(agent)}` };
  const path = `/v1/inbox/~?follow=1&most=${most}`;
  const { promise, resolve, reject } = Promise.withResolvers<NodeJS.ReadableStream>();
  const asked = request({ socketPath: socketIn(node.person), path, headers, signal }, resolve);
  asked.once('error', reject);
  asked.end();
  for await (const line of createInterface({ input: await promise })) {
    if (line.startsWith('{"id"')) yield JSON.parse(line) as Given;
  }
}

/** Waits until a reader has done `count` messages of each of the senders; they came once and in order. */
export async function cameOnce(reader: Reader, senders: number, count: number): Promise<void> {
  const wanted = Array.from({ length: count }, (_, index) => String(index + 1));
  const isThere = (): boolean =>
    reader.handled.size === senders &&
    [...reader.handled.values()].every(({ length }) => length >= count);
  await becomes(`${senders} x ${count} messages have come`, async () => isThere()).catch(
    (cause: unknown) => {
      const got = [...reader.handled].map(([from, { length }]) => `${from}: ${length}`);
      throw new Error(`Not all has come: ${got.join(', ')}`, { cause });
    },
  );
  for (const texts of reader.handled.values()) assert.deepEqual(texts, wanted);
  assert.equal(reader.again(), 0, 'nothing came again that was done with');
}

/** The record itself: each message to these inboxes received once, handled once, and in the order sent. */
export async function recordedOnce(
  node: NetNode,
  space: string,
  count: number,
  inboxes = /./u,
): Promise<void> {
  const seen = new Map<string, number>();
  const order = new Map<string, string[]>();
  const sent: string[] = [];
  for (const { type, id, data } of await logOf(node, space)) {
    if (type === 'message.sent' && inboxes.test(String(data['to']).replace('agent:', ''))) {
      sent.push(id);
    }
    if (type !== 'message.received' && type !== 'message.handled') continue;
    if (!inboxes.test(String(data['inbox']))) continue;
    const message = String(data['message']);
    const key = `${type} ${message}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    const route = `${String(data['from'])} ${String(data['inbox'])}`;
    if (type === 'message.received') order.set(route, [...(order.get(route) ?? []), message]);
  }
  assert.equal(sent.length, count);
  for (const id of sent) {
    for (const type of ['message.received', 'message.handled']) {
      assert.equal(seen.get(`${type} ${id}`), 1, `${type} of ${id}`);
    }
  }
  assert.equal(seen.size, 2 * count);
  const place = new Map(sent.map((id, index) => [id, index]));
  for (const received of order.values()) {
    const places = received.map((id) => place.get(id) ?? -1);
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
  }
}
