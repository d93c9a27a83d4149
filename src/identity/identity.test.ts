/** Keys, tokens and the files they lie in: private to their owner, made once, refused when odd. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openNodeKey } from './node-key.ts';
import { isToken, openPersonToken } from './person-token.ts';
import { openSecretFile, readSecretFile } from './secret-file.ts';
import { makeSigner, verifySignature } from './signer.ts';

const folder = mkdtempSync(join(tmpdir(), 'skein-identity-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const freshPath = (): string => join(folder, `secret-${(files += 1)}`);

function fileOf(content: string, mode = 0o600): string {
  const path = freshPath();
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('a secret file', () => {
  it('is made for its owner only, and keeps what was in it', () => {
    const path = freshPath();
    assert.equal(readSecretFile(path), undefined);
    assert.equal(
      openSecretFile(path, () => 'first'),
      'first',
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(
      openSecretFile(path, () => assert.fail('it was made again')),
      'first',
    );
  });

  it('is private whatever the umask of the shell', () => {
    const umask = process.umask(0);
    try {
      const path = freshPath();
      openSecretFile(path, () => 'x');
      assert.equal(statSync(path).mode & 0o777, 0o600);
    } finally {
      process.umask(umask);
    }
  });

  it('that others may read, write or run is refused, with the command that mends it', () => {
    for (const mode of [0o640, 0o604, 0o620, 0o601, 0o644, 0o777]) {
      const path = fileOf('x', mode);
      const octal = `0${mode.toString(8)}`;
      assert.throws(
        () => readSecretFile(path),
        (error: { name: string; message: string; fix: string }) => {
          assert.deepEqual([error.name, error.fix], ['key-permissions', `chmod 600 '${path}'`]);
          return error.message.includes(octal);
        },
      );
      chmodSync(path, 0o600);
      assert.equal(readSecretFile(path), 'x');
    }
    assert.equal(readSecretFile(fileOf('x', 0o400)), 'x');
  });

  it('is judged where a link leads', () => {
    const link = freshPath();
    symlinkSync(fileOf('x', 0o644), link);
    assert.throws(() => readSecretFile(link), { name: 'key-permissions' });
  });

  it("that a crash left behind half made is in nobody's way", () => {
    const path = freshPath();
    writeFileSync(`${path}.${process.pid}.new`, 'half');
    assert.equal(
      openSecretFile(path, () => 'whole'),
      'whole',
    );
  });

  it('has one content, however many make it at once, and nothing is left beside it', async () => {
    const path = freshPath();
    const url = new URL('./secret-file.ts', import.meta.url).href;
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      import(${JSON.stringify(url)}).then(({ openSecretFile }) => {
        Atomics.wait(workerData.gate, 0, 0, 2000);
        parentPort.postMessage(openSecretFile(${JSON.stringify(path)}, () => workerData.secret));
      });`;
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const workers = ['a', 'b', 'c', 'd', 'e', 'f'].map(
      (secret) => new Worker(code, { eval: true, workerData: { gate, secret } }),
    );
    const answers = workers.map(
      (worker) =>
        new Promise<string>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    );
    await Promise.all(
      workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))),
    );
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const secrets = new Set(await Promise.all(answers));
    assert.equal(secrets.size, 1, [...secrets].join(' '));
    assert.equal(readSecretFile(path), [...secrets][0]);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(`${path.split('/').at(-1)}.`)),
      [],
    );
  });
});

describe('the key of a node', () => {
  it('is made once: the same file is the same node', () => {
    const path = freshPath();
    const first = openNodeKey(path);
    const again = openNodeKey(path);
    assert.match(first.key, /^[0-9a-f]{64}$/);
    assert.equal(again.key, first.key);
    assert.ok(verifySignature(first.key, Buffer.from('x'), again.sign(Buffer.from('x'))));
    assert.notEqual(openNodeKey(freshPath()).key, first.key);
  });

  it('that is no ed25519 key is refused, and never replaced', () => {
    const pem = (type: 'ed448' | 'x25519'): string =>
      generateKeyPairSync(type as 'ed448')
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString();
    for (const content of ['', 'no key', pem('ed448'), pem('x25519')]) {
      const path = fileOf(content);
      assert.throws(() => openNodeKey(path), { name: 'key-invalid' }, content.slice(0, 20));
      assert.equal(readSecretFile(path), content);
    }
  });
});

describe("the person's token", () => {
  it('is made once and told from every other', () => {
    const path = freshPath();
    const token = openPersonToken(path);
    assert.match(token, /^[\w-]{43}$/);
    assert.equal(openPersonToken(path), token);
    assert.ok(isToken(token, token));
    for (const wrong of [
      '',
      token.slice(1),
      `${token}x`,
      token.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
    ]) {
      assert.ok(!isToken(wrong, token), wrong);
    }
  });

  it('that is empty or cut lets nobody in', () => {
    for (const content of ['', '\n', 'short', 'x'.repeat(42)]) {
      assert.throws(() => openPersonToken(fileOf(content)), { name: 'key-invalid' });
    }
    assert.equal(openPersonToken(fileOf(`${'x'.repeat(43)}\n`)), 'x'.repeat(43));
  });
});

describe('a signature', () => {
  const signer = makeSigner(generateKeyPairSync('ed25519').privateKey);
  const bytes = Buffer.from('skein/commit/v1{"seq":1}');

  it('is good for its key, its bytes and its context only', () => {
    const signature = signer.sign(bytes);
    assert.ok(verifySignature(signer.key, bytes, signature));
    const other = makeSigner(generateKeyPairSync('ed25519').privateKey);
    assert.ok(!verifySignature(other.key, bytes, signature));
    assert.ok(!verifySignature(signer.key, Buffer.from('skein/other/v1{"seq":1}'), signature));
    for (let bit = 0; bit < 512; bit += 37) {
      const flipped = Uint8Array.from(signature);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.ok(!verifySignature(signer.key, bytes, flipped), `bit ${bit}`);
    }
  });

  it('that is too short, too long or by no key at all is just false', () => {
    const signature = signer.sign(bytes);
    for (const wrong of [
      signature.subarray(1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.alloc(0),
    ]) {
      assert.equal(verifySignature(signer.key, bytes, wrong), false);
    }
    for (const key of ['', 'zz', signer.key.slice(2), `${signer.key}00`]) {
      assert.equal(verifySignature(key, bytes, signature), false, key);
    }
  });

  it('is the same each time: nothing of chance is in it (RFC 8032)', () => {
    assert.deepEqual(signer.sign(bytes), signer.sign(bytes));
  });
});
