/** Contents by their hash: stored once, read back exactly, refused when changed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { sha256 } from '#lib/sha256.ts';
import { assertBlobSize, getBlob, MAX_BLOB_BYTES, putBlobs } from './blob-store.ts';
import { openBlobDatabase } from './database.ts';

const openBlobs = () => openBlobDatabase(':memory:');

describe('a blob', () => {
  it('is read back byte for byte, packed or not', () => {
    const database = openBlobs();
    const contents = [
      Buffer.alloc(0),
      Buffer.from('short'),
      Buffer.from('a line that repeats\n'.repeat(500)),
      randomBytes(5_000),
      Buffer.from([0xff, 0xfe, 0x00]),
    ];
    const references = putBlobs(database, contents);
    for (const [index, content] of contents.entries()) {
      const { hash, bytes } = references[index] ?? { hash: '', bytes: -1 };
      assert.deepEqual([hash, bytes], [sha256(content), content.length]);
      assert.deepEqual(getBlob(database, hash), content);
    }
    const packed = database.prepare(
      "SELECT length(content) AS n FROM blobs WHERE encoding = 'zstd'",
    );
    assert.deepEqual(
      packed.all().map(({ n }) => Number(n) < 1_000),
      [true],
    );
  });

  it('is stored once', () => {
    const database = openBlobs();
    const [first] = putBlobs(database, [Buffer.from('x'), Buffer.from('x')]);
    assert.deepEqual(putBlobs(database, [Buffer.from('x')]), [first]);
    assert.equal(database.prepare('SELECT count(*) AS n FROM blobs').get()?.['n'], 1);
  });

  it('that is not here is said to be missing', () => {
    assert.throws(() => getBlob(openBlobs(), 'ab'), { name: 'blob-missing' });
  });

  it('that has changed is never handed out', () => {
    const database = openBlobs();
    const [reference] = putBlobs(database, [Buffer.from('content '.repeat(100))]);
    const read = () => getBlob(database, reference?.hash ?? '');
    assert.equal(read().length, 800);
    const change = (sql: string, ...given: Uint8Array[]): void => {
      database.prepare(`UPDATE blobs SET ${sql}`).run(...given);
      assert.throws(read, { name: 'record-damaged' }, sql);
    };
    change('content = ?', zstdCompressSync(Buffer.from('Content '.repeat(100))));
    change('content = ?', Buffer.from('no zstd'));
    change("encoding = 'plain'");
    change("encoding = 'later'");
    change("encoding = 'zstd', bytes = 1, content = ?", zstdCompressSync(Buffer.alloc(1_000_000)));
  });

  it('above the limit is refused, also when a few bytes on disk say they are more', () => {
    assert.throws(() => assertBlobSize(new Uint8Array(MAX_BLOB_BYTES + 1)), {
      name: 'payload-too-large',
    });
    assertBlobSize(new Uint8Array(MAX_BLOB_BYTES));
    const database = openBlobs();
    const bomb = zstdCompressSync(Buffer.alloc(MAX_BLOB_BYTES + 1));
    database.prepare("INSERT INTO blobs VALUES ('ab', ?, 'zstd', ?)").run(MAX_BLOB_BYTES + 1, bomb);
    assert.throws(() => getBlob(database, 'ab'), { name: 'record-damaged' });
  });

  it('that can not be stored takes its whole call back', () => {
    const database = openBlobs();
    const large = new Uint8Array(MAX_BLOB_BYTES + 1);
    assert.throws(() => putBlobs(database, [Buffer.from('x'), large]), {
      name: 'payload-too-large',
    });
    assert.equal(database.prepare('SELECT count(*) AS n FROM blobs').get()?.['n'], 0);
    assert.equal(database.isTransaction, false);
  });
});
