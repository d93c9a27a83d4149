/** A reader is woken by commits, misses none, and what it does not read costs nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventQuery, LedgerReader, StoredEvent } from './ledger.ts';
import { CommitBell, sharePages, subscribe } from './subscription.ts';

/** A record of so many events, whose reading may commit more. */
function makeReader(events: number) {
  const state = { events, reads: 0, onRead: (): void => undefined };
  const page = ({ after, limit }: EventQuery): StoredEvent[] => {
    const count = Math.max(0, Math.min(limit, state.events - after));
    const found = Array.from({ length: count }, (_, index) => ({
      position: after + index + 1,
      type: null,
      author: '',
      body: null,
    }));
    state.reads += 1;
    state.onRead();
    return found;
  };
  return { state, reader: { events: page } as unknown as LedgerReader };
}

const positions = (pages: readonly (readonly StoredEvent[])[]): number[] =>
  pages.flat().map(({ position }) => position);

const counted = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index + 1);

describe('a subscription', () => {
  it('that does not follow ends at the last event, from any place', async () => {
    for (const [after, events] of [
      [0, 0],
      [0, 3],
      [2, 3],
      [3, 3],
      [0, 500],
      [0, 1_201],
    ] as const) {
      const { reader } = makeReader(events);
      const pages = await Array.fromAsync(
        subscribe(reader, new CommitBell(), { after, follow: false }),
      );
      assert.deepEqual(positions(pages), counted(after, events));
    }
  });

  it('sees a commit that falls between its reading and its waiting', async () => {
    const bell = new CommitBell();
    const { reader, state } = makeReader(1);
    state.onRead = () => {
      // Stored after the page was taken, before anybody could have begun to wait.
      if (state.events < 5) {
        state.events += 1;
        bell.ring();
      }
    };
    const seen: number[] = [];
    for await (const page of subscribe(reader, bell, { after: 0, follow: true })) {
      seen.push(...positions([page]));
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  });

  it('reads nothing while nobody commits, and nothing ahead of its reader', async () => {
    const bell = new CommitBell();
    const { reader, state } = makeReader(2_000);
    const pages = subscribe(reader, bell, { after: 0, follow: true });
    await pages.next();
    for (let ring = 0; ring < 100; ring += 1) bell.ring();
    assert.equal(state.reads, 1);
    await pages.next();
    assert.equal(state.reads, 2);
    await pages.return(undefined);
  });

  it('ends when it is told to, while waiting and before it began', async () => {
    const { reader } = makeReader(1);
    const stop = new AbortController();
    const pages = subscribe(reader, new CommitBell(), {
      after: 0,
      follow: true,
      signal: stop.signal,
    });
    await pages.next();
    const next = pages.next();
    stop.abort();
    assert.equal((await next).done, true);
    const late = subscribe(reader, new CommitBell(), {
      after: 0,
      follow: true,
      signal: stop.signal,
    });
    assert.equal((await late.next()).done, true);
  });
});

describe('the bell', () => {
  it('wakes all who wait, once each', async () => {
    const bell = new CommitBell();
    let woken = 0;
    const waits = [1, 2, 3].map(() => bell.wait(bell.rings, undefined).then(() => (woken += 1)));
    await Promise.resolve();
    assert.equal(woken, 0);
    bell.ring();
    await Promise.all(waits);
    assert.equal(woken, 3);
  });

  it('does not let anybody sleep through a ring that came first', async () => {
    const bell = new CommitBell();
    const rings = bell.rings;
    bell.ring();
    await bell.wait(rings, undefined);
    await bell.wait(bell.rings, AbortSignal.abort());
  });

  it('shares the reading of a commit with all who waited for it, and with nobody else', async () => {
    const readsOf = async (share: typeof sharePages): Promise<readonly number[]> => {
      const bell = new CommitBell();
      const { reader, state } = makeReader(0);
      const shared = share(reader);
      const readers = Array.from({ length: 50 }, () =>
        subscribe(shared, bell, { after: 0, follow: true }),
      );
      const reads: number[] = [];
      for (let events = 1; events <= 2; events += 1) {
        const pages = readers.map((each) => each.next());
        await Promise.resolve();
        [state.events, state.reads] = [events, 0];
        bell.ring();
        const seen = (await Promise.all(pages)).map(({ value }) => positions([value ?? []]));
        assert.deepEqual(
          seen,
          readers.map(() => [events]),
        );
        reads.push(state.reads);
      }
      await Promise.all(readers.map((each) => each.return(undefined)));
      return reads;
    };
    assert.deepEqual(await readsOf(sharePages), [1, 1]);
    // The twin: who shares nothing reads for itself.
    assert.deepEqual(await readsOf((reader) => reader), [50, 50]);
  });
});
