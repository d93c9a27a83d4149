/** What a tally says of a space is what a look at all of its entities says, and it takes no such look. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  RecordTally,
  statusesOf,
  TALLY_KINDS,
  type TallyKind,
} from '#daemon/metrics/record-tally.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { openForReading, openLedgerDatabase } from '#ledger/store/database.ts';
import type { EventType, SkeinEvent } from '#protocol/event-types.ts';
import { sampleOf } from '../fixtures/sample-data.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';

const EPOCH = 7;
const ends: (() => void)[] = [];
after(() => ends.forEach((end) => end()));

interface Space {
  readonly folder: string;
  readonly ledger: TestLedger;
  readonly read: LedgerReader;
  /** How many events and entities were read. */
  readonly reads: { events: number; entities: number; lists: number };
}

function openSpace(): Space {
  const folder = mkdtempSync(join(tmpdir(), 'skein-tally-'));
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  const reading = openForReading(join(folder, 'ledger.db'));
  ends.push(() => {
    reading.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const reads = { events: 0, entities: 0, lists: 0 };
  const reader = makeLedgerReader(reading);
  const read: LedgerReader = {
    ...reader,
    events: (query) => {
      const found = reader.events(query);
      reads.events += found.length;
      return found;
    },
    entity: (...which) => {
      reads.entities += 1;
      return reader.entity(...which);
    },
    entities: (...which) => {
      reads.lists += 1;
      return reader.entities(...which);
    },
  };
  return { folder, ledger: makeTestLedger({ database, epoch: EPOCH }), read, reads };
}

function openTally(
  { folder, read, ledger }: Space,
  told: SkeinEvent[] = [],
  toldUpTo?: number,
): RecordTally {
  const tell = (event: SkeinEvent): void => void told.push(event);
  const breathe = async (): Promise<void> => undefined;
  const { key } = ledger.signer;
  return new RecordTally({ ledger: { read }, folder, key, epoch: EPOCH, tell, breathe, toldUpTo });
}

/** By a look at every entity. */
function lookAtAll({ ledger }: Space, kind: TallyKind): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { body } of ledger.database
    .prepare('SELECT body FROM entities WHERE kind = ?')
    .all(kind)) {
    const { status, epoch } = JSON.parse(String(body)) as { status: string; epoch?: number };
    const isVoid = kind === 'lease' && epoch !== EPOCH;
    const key = isVoid ? 'expired' : status;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function assertRight(space: Space, tally: RecordTally): void {
  for (const kind of TALLY_KINDS) {
    const counted = Object.fromEntries(
      [...(tally.counts(kind) ?? [])].filter(([, count]) => count !== 0),
    );
    assert.deepEqual(counted, { ...lookAtAll(space, kind) }, kind);
    for (const status of Object.keys(counted)) assert.ok(statusesOf(kind).includes(status), status);
  }
}

type Life = Readonly<Record<string, readonly string[]>>;

/** What may come after each event of a mission, a task, a lease; '' is the beginning. */
const LIVES: Readonly<Record<TallyKind, Life>> = {
  mission: {
    '': ['mission.submitted', 'mission.forked'],
    'mission.submitted': ['mission.planned', 'mission.interrupted', 'mission.failed'],
    'mission.forked': ['mission.interrupted', 'mission.cancelled', 'mission.planned'],
    'mission.planned': ['mission.approved', 'mission.rejected', 'mission.cancelled'],
    'mission.approved': ['mission.replanned', 'mission.interrupted', 'mission.done'],
    'mission.replanned': ['mission.done', 'mission.failed', 'mission.interrupted'],
    'mission.interrupted': ['mission.resumed', 'mission.cancelled'],
    'mission.resumed': ['mission.interrupted', 'mission.planned', 'mission.failed'],
  },
  task: {
    '': ['task.created'],
    'task.created': ['task.claimed', 'task.dropped'],
    'task.claimed': ['task.released', 'task.done', 'task.failed'],
    'task.released': ['task.claimed', 'task.dropped'],
  },
  lease: {
    '': ['lease.granted'],
    'lease.granted': ['lease.extended', 'lease.released', 'lease.expired'],
    'lease.extended': ['lease.released', 'lease.expired'],
  },
};

/** States random next events of random lives; several of one life may share a command. */
function makeStory({ ledger }: Space, random: SeededRandom): (events: number) => void {
  const lives: { readonly kind: TallyKind; readonly id: string; last: string }[] = [];
  const data = (type: string): object => {
    const sample = sampleOf(type as EventType).data;
    return type === 'lease.granted' ? { ...sample, epoch: EPOCH - random.below(2) } : sample;
  };
  return (count) => {
    let events: object[] = [];
    for (let index = 0; index < count; index += 1) {
      const open = lives.filter(({ kind, last }) => LIVES[kind][last] !== undefined);
      const fresh = { kind: random.pick(TALLY_KINDS), id: `x${lives.length}`, last: '' };
      const life = open.length === 0 || random.below(4) === 0 ? fresh : random.pick(open);
      if (life === fresh) lives.push(fresh);
      const type = random.pick(LIVES[life.kind][life.last] ?? []);
      life.last = type;
      events.push({ type, subject: `${life.kind}/${life.id}`, mission: 'm', data: data(type) });
      if (random.below(12) > 0 && index < count - 1) continue;
      ledger.store('test.state', events);
      events = [];
    }
  };
}

describe('a tally', () => {
  it('agrees with a look at all, at every moment of a random story', async (context) => {
    const random = seededFor(context);
    const space = openSpace();
    const tell = makeStory(space, random);
    tell(100);
    let tally = openTally(space);
    for (let round = 0; round < 40; round += 1) {
      tell(1 + random.below(60));
      if (random.below(5) === 0) tally = openTally(space);
      assert.equal(await tally.catchUp(100), true);
      assertRight(space, tally);
    }
    for (const kind of TALLY_KINDS)
      assert.ok(Object.keys(lookAtAll(space, kind)).length > 1, `the story has too little ${kind}`);
  });

  it('agrees when it reads many pages, others writing in between', async (context) => {
    const random = seededFor(context);
    const space = openSpace();
    const tell = makeStory(space, random);
    const { folder, read, ledger } = space;
    const { key } = ledger.signer;
    const breathe = async (): Promise<void> => void (random.below(3) > 0 ? tell(10) : undefined);
    const options = { ledger: { read }, folder, key, epoch: EPOCH, tell: () => undefined, breathe };
    const tally = new RecordTally(options);
    await tally.catchUp(1);
    tell(1_200);
    assert.equal(await tally.catchUp(2), false, 'two pages cannot be all');
    while (!(await tally.catchUp(2)));
    assertRight(space, tally);
  });

  it('is wrong until it has read what is new: the look above can fail', async (context) => {
    const space = openSpace();
    makeStory(space, seededFor(context))(100);
    const tally = openTally(space);
    await tally.catchUp(1);
    assertRight(space, tally);
    space.ledger.store('test.state', [sampleOf('task.created')]);
    assert.throws(() => assertRight(space, tally), /task/);
    await tally.catchUp(1);
    assertRight(space, tally);
  });

  it('reads what is new and nothing else, whatever the length of the record', async (context) => {
    const space = openSpace();
    const tell = makeStory(space, seededFor(context));
    tell(600);
    const tally = openTally(space);
    await tally.catchUp(1);
    assert.deepEqual(space.reads, { events: 0, entities: 0, lists: 0 });
    tell(10);
    await tally.catchUp(1);
    assert.equal(space.reads.events, 10);
    assert.ok(space.reads.entities <= 10 && space.reads.lists === 0);
    const before = { ...space.reads };
    await tally.catchUp(1);
    assert.deepEqual(space.reads, before);
  });
});

describe('what other nodes say', () => {
  it('of a task that is not theirs counts for nothing: it has ended, and stays counted once', async () => {
    const space = openSpace();
    for (const type of ['task.created', 'task.claimed', 'task.done'] as const)
      space.ledger.store('test.state', [sampleOf(type)]);
    const claimed = (author: string): LedgerReader => ({
      ...space.read,
      events: (query) => space.read.events(query).map((event) => ({ ...event, author })),
    });
    for (const [author, done] of [
      ['ee'.repeat(32), 1],
      // The twin: its home begins it anew, so it is counted again.
      [space.ledger.signer.key, 2],
    ] as const) {
      const tally = openTally({ ...space, read: claimed(author) });
      await tally.catchUp(1);
      assert.equal(tally.counts('task')?.get('done'), 1);
      const before = space.ledger.database.prepare("SELECT body FROM entities WHERE kind = 'task'");
      const { body } = before.get() as { body: string };
      space.ledger.store('test.state', [sampleOf('task.created')]);
      // As the fold leaves it when the event is void: it stands as it stood.
      space.ledger.database.prepare("UPDATE entities SET body = ? WHERE kind = 'task'").run(body);
      await tally.catchUp(1);
      assert.equal(tally.counts('task')?.get('done'), done, author);
    }
  });

  it('of their checks and edits is theirs to tell', async () => {
    const space = openSpace();
    const foreign = (
      query: Parameters<LedgerReader['events']>[0],
    ): ReturnType<LedgerReader['events']> =>
      space.read.events(query).map((event) => ({ ...event, author: 'ee'.repeat(32) }));
    const [ours, theirs]: SkeinEvent[][] = [[], []];
    const tallies = [
      openTally(space, ours),
      openTally({ ...space, read: { ...space.read, events: foreign } }, theirs),
    ];
    for (const tally of tallies) await tally.catchUp(1);
    space.ledger.store('test.state', [sampleOf('guardrail.refused')]);
    for (const tally of tallies) await tally.catchUp(1);
    assert.deepEqual([ours?.length, theirs?.length], [1, 0]);
  });

  it('of their leases is not held here', async () => {
    const space = openSpace();
    const granted = sampleOf('lease.granted');
    const data = { ...granted.data, epoch: EPOCH };
    space.ledger.store('test.state', [{ ...granted, data }]);
    for (const [key, held] of [
      [space.ledger.signer.key, 1],
      ['ee'.repeat(32), undefined],
    ] as const) {
      const { folder, read } = space;
      const nothing = async (): Promise<void> => undefined;
      const none = { tell: () => undefined, breathe: nothing };
      const tally = new RecordTally({ ledger: { read }, folder, key, epoch: EPOCH, ...none });
      await tally.catchUp(1);
      assert.equal(tally.counts('lease')?.get('held'), held);
    }
  });
});

describe('checks and refused edits', () => {
  const refusal = sampleOf('guardrail.refused');

  it('are told from the first look on, once, also by the tally of a space that was reopened', async () => {
    const space = openSpace();
    space.ledger.store('test.state', [refusal]);
    const told: SkeinEvent[] = [];
    const first = openTally(space, told);
    await first.catchUp(1);
    assert.equal(told.length, 0, 'it was there before');
    space.ledger.store('test.state', [refusal]);
    await first.catchUp(1);
    assert.equal(told.length, 1);
    // One more comes just before it is closed, and is not read any more.
    space.ledger.store('test.state', [refusal]);
    first.stop();
    await first.catchUp(1);
    assert.equal(told.length, 1);
    const second = openTally(space, told, first.toldUpTo);
    await second.catchUp(1);
    await second.catchUp(1);
    assert.equal(told.length, 2);
  });

  it('are told anew by nobody after a restore to a shorter record', async () => {
    const space = openSpace();
    space.ledger.store('test.state', [refusal]);
    const told: SkeinEvent[] = [];
    const tally = openTally(space, told, 1_000);
    await tally.catchUp(1);
    space.ledger.store('test.state', [refusal]);
    await tally.catchUp(1);
    assert.equal(told.length, 1);
  });
});
