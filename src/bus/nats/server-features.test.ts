/** What a server lacks follows from its version, and no version is taken for a newer one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertFeatures, missingFeatures, SERVER_FEATURES } from './server-features.ts';

const names = (version: string): string[] => missingFeatures(version).map(({ name }) => name);

describe('a NATS server', () => {
  it('lacks what came after it', () => {
    assert.equal(names('2.9.10').length, SERVER_FEATURES.length);
    assert.deepEqual(names('2.11.0'), ['atomic batch', 'message counter']);
    assert.equal(names('2.10.29').includes('message TTL'), true);
    assert.equal(names('2.10.29').includes('sync interval'), false);
    for (const version of ['2.12.0', '2.12.1', '2.14.6', '3.0.0', 'v2.12.0-RC.1', '10.0.0'])
      assert.deepEqual(names(version), [], version);
  });

  it('whose version is no version is trusted with nothing', () => {
    for (const version of ['', 'new', '2', '2.12']) {
      assert.equal(names(version).length, SERVER_FEATURES.length, version);
    }
  });

  it('that lacks what is needed is refused, with the version that has it', () => {
    assertFeatures('2.11.0', ['message TTL']);
    assert.throws(() => assertFeatures('2.9.10', ['message TTL', 'sync interval']), {
      name: 'usage',
      message: /sync interval \(2\.10\.0\), message TTL \(2\.11\.0\)/,
    });
  });
});
