/**
 * What was recorded once is read for ever: a sample of every event type and a whole ledger of
 * format 1. When this fails, the change breaks records that people have; see make-events.ts.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature } from '#identity/signer.ts';
import { foldEvent } from '#ledger/state/fold.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { decodeEvent, entityOf, EVENT_TYPES, type EventType } from '#protocol/event-types.ts';
import { fromCloudEvent, toCloudEvent } from '#protocol/cloud-event.ts';
import {
  AUTHOR,
  foldSamples,
  readSamples,
  STATE_HASH,
  type GoldenState,
} from '../fixtures/golden-state.ts';
import { temporaryFolder } from '../support/space-folder.ts';

const golden = JSON.parse(readFileSync(STATE_HASH, 'utf8')) as GoldenState;
const LEDGER = join(import.meta.dirname, '../fixtures/ledger-1');
const samples = readSamples();

describe('the recorded samples', () => {
  it('are one for each event type', () => {
    const types = [...samples.values()].map((bytes) => decodeEvent(bytes).event.type);
    assert.deepEqual(types.toSorted(), Object.keys(EVENT_TYPES).toSorted());
  });

  for (const [name, bytes] of samples) {
    it(`${name} reads, keeps every byte and folds`, () => {
      const decoded = decodeEvent(bytes);
      assert.ok(decoded.known, 'the type is known');
      assert.equal(JSON.stringify(JSON.parse(bytes.toString('utf8'))), bytes.toString('utf8'));
      const there = JSON.parse(JSON.stringify(toCloudEvent(decoded.event, 'space')));
      assert.equal(JSON.stringify(fromCloudEvent(there)), bytes.toString('utf8'));
      const entity = foldEvent(reducers, decoded, AUTHOR, () => undefined);
      const { order } = EVENT_TYPES[decoded.event.type as EventType];
      // What is merged belongs to something that is there already.
      const changed = order === 'merge' ? null : entityOf(decoded.event);
      assert.deepEqual(entity && { kind: entity.kind, id: entity.id }, changed ?? undefined);
      if (entity !== undefined) assert.deepEqual([entity.version, entity.home], [1, AUTHOR]);
    });
  }

  it('fold to the recorded state', () => {
    assert.equal(
      golden.reducers,
      reducers.version,
      'record it: node test/fixtures/make-events.ts --state',
    );
    assert.equal(golden.events, samples.size);
    assert.equal(foldSamples(), golden.samples, 'the reducers changed: raise their version');
  });
});

describe('the recorded ledger', () => {
  it('is whole, and folds to the recorded state', () => {
    const folder = temporaryFolder();
    cpSync(LEDGER, folder, { recursive: true });
    const { space, owner } = JSON.parse(readFileSync(join(folder, 'space.json'), 'utf8')) as {
      readonly space: string;
      readonly owner: string;
    };
    const request = {
      folder,
      space,
      owner,
      reducers,
      outside: [],
      nowMs: () => 0,
      verifySignature,
    };
    const { damage, stateHash, events, blobs } = verifySpace(request);
    assert.deepEqual(
      damage.filter(({ id }) => id !== 'reducers'),
      [],
    );
    assert.deepEqual([stateHash, blobs], [golden.ledger, 1]);
    assert.ok(events > 15);
  });
});
