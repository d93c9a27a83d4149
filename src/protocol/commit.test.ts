/** A header has one spelling; what this version can't read is refused by name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHeader, encodeHeader, signedBytes, type CommitHeader } from './commit.ts';

const hash = 'a1'.repeat(32);
const header: CommitHeader = {
  format: 1,
  space: 's',
  author: hash,
  chain: 'c',
  seq: 2,
  prev: hash,
  hlc: '000000000000001-000000',
  seen: [{ author: hash, chain: 'd', seq: 9 }],
  events: [{ id: 'e', hash }],
};

describe('a commit header', () => {
  it('reads back as it was, in a fixed spelling', () => {
    assert.deepEqual(decodeHeader(encodeHeader(header)), header);
    const mixed = Object.fromEntries(Object.entries(header).toReversed()) as CommitHeader;
    assert.deepEqual(encodeHeader(mixed), encodeHeader(header));
    assert.deepEqual(decodeHeader(encodeHeader({ ...header, prev: null })).prev, null);
  });

  it('of a newer format is refused as such, whatever else it holds', () => {
    for (const bytes of ['{"format":2}', '{"format":2,"space":7}']) {
      assert.throws(() => decodeHeader(Buffer.from(bytes)), { name: 'record-too-new' });
    }
  });

  it('that is damaged is refused', () => {
    const change = (part: object): Buffer => Buffer.from(JSON.stringify({ ...header, ...part }));
    const bad = [
      Buffer.from('{'),
      Buffer.from('null'),
      Buffer.from([0x22, 0xff, 0x22]),
      change({ format: '1' }),
      change({ author: 'A1'.repeat(32) }),
      change({ seq: 1.5 }),
      change({ prev: '' }),
      change({ events: [{ id: 'e' }] }),
      change({ seen: {} }),
    ];
    for (const bytes of bad) {
      assert.throws(() => decodeHeader(bytes), { name: 'event-invalid' }, bytes.toString());
    }
  });

  it('is signed under its own context: the same bytes signed elsewhere are worth nothing here', () => {
    const bytes = encodeHeader(header);
    assert.equal(signedBytes(bytes).toString(), `skein/commit/v1${bytes.toString()}`);
  });
});
