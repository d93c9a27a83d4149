/**
 * A second, simple opinion on leases: who holds what is written down as the events go by. No two
 * hold a path; who edits holds it; a lease ends by silence only after silence; a task that is not
 * at work holds nothing.
 */
import assert from 'node:assert/strict';
import type { EventData } from '#protocol/event-types.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import { dataOf, idOf, type Rule, type Seen } from './rule.ts';

type Lease = EventData<'lease.granted'> & { readonly grantedMs: number };

/** Who holds what, as this opinion has it. */
export class LeaseRules implements Rule {
  readonly #held = new Map<string, Lease>();
  /** Every path that was ever held, by `<epoch> <path>`, with the tasks that held it. */
  readonly #everHeld = new Map<string, Set<string>>();
  readonly #signs: ReadonlyMap<string, number>;
  #ended: string[] = [];
  #lastToken = 0;

  /** `signs` says when the holder of each lease last gave a sign of life (monotonic). */
  constructor(signs: ReadonlyMap<string, number>) {
    this.#signs = signs;
  }

  /** The tasks that hold a lease of that epoch. */
  holders(epoch: number): readonly string[] {
    return this.#leasesOf(epoch).map(({ task }) => task);
  }

  see(seen: Seen): void {
    const { event } = seen;
    const lease = idOf(event);
    if (event.type === 'lease.granted') this.#grant(seen);
    else if (event.type === 'lease.extended') this.#extend(seen);
    else if (event.type === 'lease.released') this.#held.delete(lease);
    else if (event.type === 'lease.expired') this.#expire(seen);
    else if (event.type === 'edit.intended') this.#edit(seen);
    else if (event.type === 'agent.declined') this.#decline(seen);
    else if (/^task\.(released|done|failed|dropped)$/.test(event.type)) this.#ended.push(lease);
    if (event.type === 'task.done') this.#finish(seen);
  }

  settled(epoch: number): void {
    const ended = this.#ended;
    this.#ended = [];
    const still = this.holders(epoch).filter((task) => ended.includes(task));
    assert.deepEqual(still, [], 'a task that is not at work any more keeps its lease');
  }

  #leasesOf(epoch: number): Lease[] {
    return [...this.#held.values()].filter((lease) => lease.epoch === epoch);
  }

  #grant({ event, epoch, nowMs }: Seen): void {
    const lease = { ...dataOf<EventData<'lease.granted'>>(event), grantedMs: nowMs };
    assert.equal(lease.epoch, epoch, 'a lease is of the epoch that grants it');
    assert.ok(this.#lastToken < lease.token, 'tokens rise');
    this.#lastToken = lease.token;
    this.#assertFree(lease.paths, lease.task, epoch);
    this.#held.set(idOf(event), lease);
  }

  #extend({ event, epoch }: Seen): void {
    const { path } = dataOf<EventData<'lease.extended'>>(event);
    const lease = this.#held.get(idOf(event));
    assert.ok(lease?.epoch === epoch, 'a lease that is gone was extended');
    this.#assertFree([path], lease.task, epoch);
    this.#held.set(idOf(event), { ...lease, paths: [...lease.paths, path] });
  }

  #assertFree(paths: readonly string[], task: string, epoch: number): void {
    for (const other of this.#leasesOf(epoch)) {
      const both = other.paths.filter((path) => paths.includes(path));
      assert.deepEqual(both, [], `two hold a path: ${other.task}, ${task}`);
    }
    for (const path of paths) {
      const key = `${epoch} ${path}`;
      this.#everHeld.set(key, (this.#everHeld.get(key) ?? new Set()).add(task));
    }
  }

  #expire({ event, command }: Seen): void {
    const lease = this.#held.get(idOf(event));
    assert.ok(lease !== undefined, 'a lease expired that nobody held');
    assert.equal(command?.sent.name, 'lease.expire');
    const signMs = Math.max(lease.grantedMs, this.#signs.get(idOf(event)) ?? 0);
    const silentMs = (command?.atMs ?? 0) - signMs;
    assert.ok(silentMs >= lease.ttlMs, `a lease expired after ${silentMs} of ${lease.ttlMs} ms`);
    this.#held.delete(idOf(event));
    this.#ended.push(lease.task);
  }

  #edit({ event, epoch }: Seen): void {
    const { lease, token, path } = dataOf<EventData<'edit.intended'>>(event);
    const held = this.#held.get(lease);
    const holds = held?.token === token && held.epoch === epoch && held.paths.includes(path);
    assert.ok(holds, `an edit of ${path} was let in without its lease`);
    assert.equal(event.actor, held.holder, `an edit of ${path} by who does not hold it`);
  }

  /** The token that was shown is that of the lease that stands now. */
  #finish({ event, command }: Seen): void {
    const task = idOf(event);
    const lease = [...this.#held.values()].find((each) => each.task === task);
    assert.equal(command?.sent.name, 'task.finish');
    const { token } = (command?.sent.input ?? {}) as { readonly token?: number };
    assert.equal(token, lease?.token, `task ${task} was called done under another lease`);
  }

  /** Who could not have a path was refused because somebody else had it in this epoch. */
  #decline({ event, epoch }: Seen): void {
    const { path = '', task } = dataOf<EventData<'agent.declined'>>(event);
    const others = this.#everHeld.get(`${epoch} ${path}`) ?? new Set();
    assert.ok(
      [...others].some((other) => other !== task),
      `${path} was refused and nobody held it`,
    );
  }
}

/** Messages: sent before they are received, received before they are handled, each once. */
export function messageRule(): Rule {
  const sent = new Set<string>();
  const received = new Set<string>();
  const handled = new Set<string>();
  const once = (set: Set<string>, id: string, what: string): void => {
    assert.ok(!set.has(id), `message ${id} was ${what} twice`);
    set.add(id);
  };
  const messageOf = (event: EventEnvelope): string => dataOf<{ message: string }>(event).message;
  return {
    see: ({ event }) => {
      if (event.type === 'message.sent') {
        once(sent, idOf(event), 'sent');
        const { replyTo } = dataOf<EventData<'message.sent'>>(event);
        assert.ok(replyTo === undefined || received.has(replyTo), 'an answer to nothing received');
      } else if (event.type === 'message.received') {
        assert.ok(sent.has(messageOf(event)), 'a message was received that nobody sent');
        once(received, messageOf(event), 'received');
      } else if (event.type === 'message.handled') {
        assert.ok(received.has(messageOf(event)), 'a message was handled that nobody received');
        once(handled, messageOf(event), 'handled');
      }
    },
  };
}
