/** Ids rise whatever the clock does, and the ids of one command count up from its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUuidv7, makeUuidv7, uuidDistance, uuidFromHex, uuidPlus } from './uuidv7.ts';

const constant = (byte: number) => (bytes: Uint8Array) => bytes.fill(byte);

describe('makeUuidv7', () => {
  it('makes valid ids that carry the time and the variant', () => {
    const id = makeUuidv7({ now: () => 0x0123456789ab, random: constant(0xff) })();
    assert.equal(id, '01234567-89ab-7700-bfff-ffffffffffff');
    assert.ok(isUuidv7(id));
  });

  it('rises strictly inside one millisecond, beyond the counter, and when the clock goes back', () => {
    for (const step of [0, 1, -1]) {
      let ms = 1_000_000;
      let byte = 255;
      const next = makeUuidv7({
        now: () => (ms += step),
        // Each id has a smaller random part than the one before: only the counter can make it rise.
        random: (bytes) => bytes.fill((byte = (byte + 255) % 256)),
      });
      let last = next();
      for (let made = 0; made < 10_000; made += 1) {
        const id = next();
        assert.ok(id > last && isUuidv7(id), `${id} after ${last}`);
        last = id;
      }
    }
  });
});

describe('isUuidv7', () => {
  it('accepts the lower-case text form of version 7 only', () => {
    assert.ok(isUuidv7('01a1fe44-6af5-7100-9298-3544be3b20ae'));
    const bad = [
      '01A1FE44-6AF5-7100-9298-3544BE3B20AE',
      '01a1fe44-6af5-4100-9298-3544be3b20ae',
      '01a1fe44-6af5-7100-c298-3544be3b20ae',
      '01a1fe446af571009298 3544be3b20ae',
      '01a1fe44-6af5-7100-9298-3544be3b20ae\n',
      null,
      7,
    ];
    for (const value of bad) assert.equal(isUuidv7(value), false, String(value));
  });
});

describe('uuidPlus and uuidDistance', () => {
  const start = '01a1fe44-6af5-7100-9298-3544be3b20ae';

  it('count one by one', () => {
    assert.equal(uuidPlus(start, 0), start);
    assert.equal(uuidPlus(start, 1), '01a1fe44-6af5-7100-9298-3544be3b20af');
    for (const steps of [0, 1, 2, 255, 10_000, 2 ** 31]) {
      assert.equal(uuidDistance(start, uuidPlus(start, steps)), steps);
    }
  });

  it('carry from the last group into the one before', () => {
    assert.equal(
      uuidPlus('01a1fe44-6af5-7100-9298-fffffffffffe', 3),
      '01a1fe44-6af5-7100-9299-000000000001',
    );
    assert.equal(
      uuidDistance('01a1fe44-6af5-7100-9298-fffffffffffe', '01a1fe44-6af5-7100-9299-000000000001'),
      3,
    );
  });

  it('never carry into the variant, the version or the time', () => {
    const last = '01a1fe44-6af5-7100-bfff-fffffffffffe';
    assert.equal(uuidPlus(last, 1), '01a1fe44-6af5-7100-bfff-ffffffffffff');
    assert.throws(() => uuidPlus(last, 2), RangeError);
  });

  it('have no distance to an id before, far behind, or of another time or counter', () => {
    assert.equal(uuidDistance(uuidPlus(start, 1), start), undefined);
    assert.equal(uuidDistance('01a1fe44-6af5-7100-8000-000000000000', start), undefined);
    assert.equal(uuidDistance('01a1fe44-6af5-7101-9298-3544be3b20ae', start), undefined);
    assert.equal(uuidDistance('01a1fe45-6af5-7100-9298-3544be3b20ae', start), undefined);
  });

  it('make the text form of hexadecimal digits', () => {
    assert.equal(uuidFromHex(start.replaceAll('-', '')), start);
  });
});
