/** State is derived: dropped and folded again it is the same, whatever came when. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { entityLine, foldEvent, stateHash } from '#ledger/state/fold.ts';
import { foldAll, refoldIfNeeded } from '#ledger/state/refold.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { writeMeta } from '#ledger/store/ledger-state.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { missionStory } from '../support/mission-story.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { makeTestLedger, newSigner, note, type TestLedger } from '../support/test-ledger.ts';

/** Several missions at once, each in its own order, mixed by chance; some steps come twice. */
function mixedStories(random: SeededRandom, missions: number): TestLedger {
  const ledger = makeTestLedger({ seed: random.seed });
  const stories = Array.from({ length: missions }, (_, index) =>
    missionStory(`m${index}`, [`src/${index}.ts`], index + 1),
  );
  while (stories.some((story) => story.length > 0)) {
    const story = random.pick(stories.filter((each) => each.length > 0));
    // Leases count their tokens up in the order of claims, which chance must not decide.
    const claim = story[0]?.name === 'task.claim' ? stories.indexOf(story) : -1;
    const blocked = stories.slice(0, Math.max(claim, 0)).some(hasClaim);
    if (blocked) continue;
    const steps = story.splice(0, 1 + random.below(3)).filter((step, index, all) => {
      if (index === 0 || step.name !== 'task.claim') return true;
      story.unshift(...all.slice(index));
      all.length = index;
      return false;
    });
    ledger.flush(...steps.map(({ name, input }) => ledger.pending(name, input)));
    if (random.below(4) === 0) ledger.store('note.record', note('beside'));
  }
  return ledger;
}

const hasClaim = (story: readonly { readonly name: string }[]): boolean =>
  story.some(({ name }) => name === 'task.claim');

const stored = ({ database }: TestLedger): Entity[] =>
  database.prepare('SELECT * FROM entities').all().map(entityFromRow);

const lines = (entities: Iterable<Entity>): string[] => Array.from(entities, entityLine).toSorted();

describe('the state of a space', () => {
  it('is the same live, folded anew, and after all entities were dropped', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < 10; round += 1) {
      const ledger = mixedStories(random, 3);
      const live = lines(stored(ledger));
      assert.ok(live.length > 12, `${live.length} entities`);
      const statuses = stored(ledger).filter(({ kind }) => kind === 'mission');
      for (const { body } of statuses) assert.equal((body as { status: string }).status, 'done');
      assert.deepEqual(lines(foldAll(ledger.database, reducers).values()), live);
      ledger.database.exec('DELETE FROM entities');
      writeMeta(ledger.database, 'reducers', 'older');
      assert.ok(refoldIfNeeded(ledger.database, reducers));
      assert.deepEqual(lines(stored(ledger)), live);
      assert.equal(refoldIfNeeded(ledger.database, reducers), false);
    }
  });

  it('is folded anew when the ledger is opened by other reducers', () => {
    const ledger = makeTestLedger();
    for (const { name, input } of missionStory('m')) ledger.store(name, input);
    ledger.database.exec("UPDATE entities SET body = '{}' WHERE kind = 'mission'");
    const { database, signer } = ledger;
    makeTestLedger({ database, signer, epoch: 2 });
    assert.equal(
      database.prepare("SELECT body FROM entities WHERE kind = 'mission'").get()?.['body'],
      '{}',
    );
    const newer = { ...reducers, version: reducers.version + 1 };
    makeTestLedger({ database, signer, epoch: 3, reducers: newer });
    const body = database.prepare("SELECT body FROM entities WHERE kind = 'mission'").get()?.[
      'body'
    ];
    assert.match(String(body), /"status":"done"/);
  });

  it('is not folded anew by the same ones: that would hide a changed row', () => {
    const ledger = makeTestLedger();
    assert.equal(refoldIfNeeded(ledger.database, reducers), false);
  });

  it('has a hash that no order of entities changes, and any difference does', (context) => {
    const random = seededFor(context);
    const entities = stored(mixedStories(random, 2));
    const hash = stateHash(reducers, entities);
    for (let round = 0; round < 20; round += 1) {
      assert.equal(stateHash(reducers, random.shuffle(entities)), hash);
    }
    const [first, ...rest] = entities as [Entity, ...Entity[]];
    assert.notEqual(stateHash(reducers, rest), hash);
    assert.notEqual(stateHash(reducers, [{ ...first, version: 99 }, ...rest]), hash);
    assert.notEqual(stateHash(reducers, [{ ...first, home: 'x' }, ...rest]), hash);
    assert.notEqual(stateHash({ ...reducers, version: 99 }, entities), hash);
  });

  it('does not depend on when the events of different entities arrive', (context) => {
    const random = seededFor(context);
    const ledger = mixedStories(random, 3);
    const expected = stateHash(reducers, stored(ledger));
    const events = ledger.database
      .prepare('SELECT body FROM events ORDER BY position')
      .all()
      .map((row) => decodeEvent(row['body'] as Uint8Array));
    const byMission = [...Map.groupBy(events, ({ event }) => event.mission).values()];
    for (let round = 0; round < 10; round += 1) {
      const entities = new Map<string, Entity>();
      for (const decoded of random.shuffle(byMission).flat()) {
        const entity = foldEvent(reducers, decoded, ledger.signer.key, (kind, id) =>
          entities.get(`${kind}/${id}`),
        );
        if (entity !== undefined) entities.set(`${entity.kind}/${entity.id}`, entity);
      }
      assert.equal(stateHash(reducers, entities.values()), expected);
    }
  });
});

describe('the home of an entity', () => {
  it('alone decides it: an event by anybody else is void', () => {
    const ledger = makeTestLedger();
    ledger.store('mission.submit', missionStory('m')[0]?.input);
    const [before] = stored(ledger).filter(({ kind }) => kind === 'mission');
    const body = JSON.stringify({
      ...decodeEvent(lastBody(ledger)).event,
      type: 'mission.interrupted',
      data: { reason: 'by a stranger' },
    });
    const fold = (author: string) => foldEvent(reducers, decodeEvent(body), author, () => before);
    assert.equal(fold(newSigner().key), undefined);
    const own = fold(ledger.signer.key)?.body as { status: string } | undefined;
    assert.equal(own?.status, 'interrupted');
  });

  it('is not asked for notes and unknown types: they fold to nothing', () => {
    const ledger = makeTestLedger();
    ledger.store('note.record', note('n'));
    const event = decodeEvent(lastBody(ledger));
    assert.equal(
      foldEvent(reducers, event, ledger.signer.key, () => undefined),
      undefined,
    );
    const unknown = decodeEvent(JSON.stringify({ ...event.event, type: 'later.thing' }));
    assert.equal(
      foldEvent(reducers, unknown, ledger.signer.key, () => undefined),
      undefined,
    );
  });
});

const lastBody = ({ database }: TestLedger): Buffer =>
  Buffer.from(
    database.prepare('SELECT body FROM events ORDER BY position DESC LIMIT 1').get()?.[
      'body'
    ] as Uint8Array,
  );
