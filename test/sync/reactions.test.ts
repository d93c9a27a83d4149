/**
 * What a node does about a commit of another one, it does in the transaction that takes it: once,
 * however often and in whatever pieces the commit comes, and never before it is here.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page, Reaction } from '#ledger/ledger.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { sha256 } from '#lib/sha256.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { makeRandom, seededFor } from '../support/seeded-random.ts';
import { note } from '../support/test-ledger.ts';
import { makeNet, type SyncNode } from './sync-nodes.ts';

interface Told {
  readonly id: string;
  readonly detail: string;
  readonly cause: string | undefined;
}

/** The notes of a node's record, in the order in which they are there. */
function notesOf({ ledger }: SyncNode): Told[] {
  const stored = makeLedgerReader(ledger.database).events({ after: 0, limit: 10_000 });
  return stored.flatMap(({ body }) => {
    const { event } = decodeEvent(body ?? '{}');
    if (event.type !== 'guardrail.passed') return [];
    const { detail } = event.data as { detail: string };
    return [{ id: event.id, detail, cause: event.cause }];
  });
}

/** An id that is the same for the same words, as a UUIDv7 of the distant past. */
function idFor(words: string): string {
  const hex = sha256(words);
  return `00000000-0001-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

/** A remark about each "ask" on the page. */
const reactionsTo = (node: string, page: Page): Reaction[] =>
  page.commits.flatMap(({ events }) =>
    events.flatMap((each) => {
      const { event } = decodeEvent(each?.body ?? '{}');
      if (event.type !== 'guardrail.passed') return [];
      if (!(event.data as { detail: string }).detail.startsWith('ask')) return [];
      const command = {
        id: idFor(`${node} ${event.id}`),
        name: 'note.record',
        input: { ...note(`answer of ${node}`), cause: event.id },
      };
      return [{ command, speaker: { actor: 'node:x', authority: 'system' as const } }];
    }),
  );

describe('reactions to what comes', () => {
  it('happen once each, and after what they react to, on a rough network', async (context) => {
    const { seed } = seededFor(context);
    for (let round = 0; round < 5; round += 1) {
      const random = makeRandom(seed + round);
      const faults = { delayMs: [0, 300], loss: 0.1, double: 0.2, overtaking: true } as const;
      const net = makeNet({ nodes: 3, random, faults, reactionsTo });
      const asked = 40;
      for (let step = 0; step < asked; step += 1) {
        const node = random.pick(net.nodes);
        node.write(`ask ${step}`);
        const other = random.pick(net.nodes);
        if (step % 7 === 0 && node !== other) net.network.cut(node.name, other.name);
        if (step % 11 === 0) net.network.heal();
        await net.time.pass(random.below(400));
      }
      net.network.heal();
      const count = (node: SyncNode): number => notesOf(node).length;
      await net.time.until(
        () => net.isSame() && net.nodes.every((node) => count(node) === asked * 3),
      );
      for (const node of net.nodes) {
        const notes = notesOf(node);
        const places = new Map(notes.map(({ id }, index) => [id, index]));
        for (const [index, { cause }] of notes.entries()) {
          if (cause === undefined) continue;
          assert.ok(
            (places.get(cause) ?? Infinity) < index,
            `seed ${seed + round}: it came before`,
          );
        }
      }
      await net.close();
    }
  });
});
