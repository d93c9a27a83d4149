/** Pages as bytes: there and back, cut, flipped, lying about their lengths. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page, PageCommit } from '#ledger/ledger.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { decodePage, encodePage, MAX_PAGE_BYTES } from '#sync/page-codec.ts';

function bytes(random: SeededRandom, length: number): Buffer {
  const filled = Buffer.alloc(length);
  random.fill(filled);
  return filled;
}

const randomCommit = (random: SeededRandom): PageCommit => ({
  header: bytes(random, random.below(300)),
  signature: bytes(random, 64),
  events: Array.from({ length: random.below(5) }, () =>
    random.below(4) === 0
      ? null
      : { salt: bytes(random, 16), body: bytes(random, random.below(200)) },
  ),
});

const randomPage = (random: SeededRandom): Page => ({
  space: bytes(random, 16).toString('hex'),
  commits: Array.from({ length: 1 + random.below(6) }, () => randomCommit(random)),
});

const refused = { name: 'page-refused', details: { reason: 'page-invalid' } };

describe('a page', () => {
  it('comes back as it was, pruned bodies and empty ones told apart', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < 200; round += 1) {
      const page = randomPage(random);
      assert.deepEqual(decodePage(encodePage(page)), page);
    }
    const odd: Page = {
      space: 's',
      commits: [
        {
          header: Buffer.alloc(0),
          signature: Buffer.alloc(64),
          events: [null, { salt: Buffer.alloc(16), body: Buffer.alloc(0) }],
        },
      ],
    };
    assert.deepEqual(decodePage(encodePage(odd)), odd);
  });

  it('that is cut anywhere, or followed by anything, is refused', (context) => {
    const random = seededFor(context);
    const whole = encodePage(randomPage(random));
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(() => decodePage(whole.subarray(0, length)), refused, `cut at ${length}`);
    }
    assert.throws(() => decodePage(Buffer.concat([whole, Buffer.alloc(1)])), refused);
    decodePage(whole);
  });

  it('of chance never fails in another way, and never takes more memory than it has', (context) => {
    const random = seededFor(context);
    let read = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const noise = round % 2 === 0 ? bytes(random, random.below(400)) : flipped(random);
      try {
        const { commits } = decodePage(noise);
        read += 1;
        assert.ok(commits.length * 72 <= noise.length);
        for (const { header, events } of commits) {
          // Views of the frame, not copies.
          assert.equal(header.buffer, noise.buffer);
          assert.ok(events.length * 4 <= noise.length);
        }
      } catch (error) {
        assert.equal((error as Error).name, 'page-refused', String(error));
      }
    }
    assert.ok(read > 0, 'no flipped page could be read: the test tries nothing deep');
  });

  it('that declares more than there is costs nothing', () => {
    const lying = Buffer.alloc(40);
    lying.writeUInt8(1, 0);
    lying.writeUInt32BE(0xffff_ffff, 2);
    assert.throws(() => decodePage(lying), refused);
    lying.writeUInt32BE(1, 2);
    lying.writeUInt32BE(0x7fff_ffff, 6);
    assert.throws(() => decodePage(lying), refused);
  });

  it('over the limit is not written, and not read', () => {
    const header = Buffer.alloc(MAX_PAGE_BYTES);
    const page: Page = {
      space: 's',
      commits: [{ header, signature: Buffer.alloc(64), events: [] }],
    };
    assert.throws(() => encodePage(page), { name: 'payload-too-large' });
    assert.throws(() => decodePage(Buffer.alloc(MAX_PAGE_BYTES + 1)), refused);
  });
});

/** A good page with a few bytes changed. */
function flipped(random: SeededRandom): Buffer {
  const page = encodePage(randomPage(random));
  for (let flips = 1 + random.below(3); flips > 0; flips -= 1) {
    page[random.below(page.length)] = random.below(256);
  }
  return page;
}
