/** Keys for NATS: derived, spelled as NATS spells them, and worthless to a server that lies. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { encodeHeader, signedBytes } from '#protocol/commit.ts';
import { deriveKey, keyFromSeed, openDerivedKey, seedOf } from './derive-key.ts';
import { keyFromNkeySeed, nkeySigner, publicNkey, seedNkey } from './nkey.ts';
import { openNodeKey } from './node-key.ts';
import { makeSigner, verifySignature } from './signer.ts';

const folder = mkdtempSync(join(tmpdir(), 'skein-nkey-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const COUNTING = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

/** Seed, its nkey, the user's nkey and the signature of `nonce`, by the library nkeys 2.0.3. */
const GOLDEN = [
  [
    '00'.repeat(32),
    'SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEQ',
    'UA5WUJ54Z23KILLCUOUNAKTPBVZWKMQVO4O6EQ5GHLAERIMLLHNCTYM5',
    '_uIPertIiR6Ipf049QY8Up13z-4XRmLzTuhNgQBCNfZBQCNfCCQ2NrQFe66UdB7iaXdNuOZM5nQMo10ULk-KDQ',
  ],
  [
    COUNTING,
    'SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y',
    'UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK',
    '-HTq4d6DDHVNb8MsTRAZtSIa0vXA_yuZblwTA7JT5wYzmKBxJ2wpYfjHh7hcptZlidbVw_6ZLyubjm_yDk-OCQ',
  ],
  [
    'ff'.repeat(32),
    'SUAP777777777777777777777777777777777777777777777777775UUA',
    'UB3KCWJAISTOJ5IREZN4U45GATMQWBJJ2HPWAK7DBIM2SJLWMDI7LRYD',
    'IpueODB8vb1E9WenLb5IHOuNS6UswdTDXhT1CeGPYFEgIHIqyr8it1lF_ZSwLzldYc2zm_fEo1EIJj0kZnd6Cg',
  ],
] as const;

const fromHex = (seed: string): KeyObject => keyFromSeed(Buffer.from(seed, 'hex'));
const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

describe('an nkey', () => {
  it('is spelled and signs as the library of NATS does', () => {
    for (const [seed, spelled, user, signature] of GOLDEN) {
      const signer = nkeySigner(fromHex(seed));
      assert.deepEqual(
        [seedNkey(fromHex(seed)), signer.nkey, signer.sign('nonce')],
        [spelled, user, signature],
      );
      assert.equal(seedOf(keyFromNkeySeed(`${spelled}\n`)).toString('hex'), seed);
    }
  });

  it("that is mistyped, cut or not a user's is refused, and not quoted", () => {
    const seed = GOLDEN[1][1];
    const wrong = [
      '',
      'SU',
      seed.slice(1),
      seed.slice(0, -1),
      seed.replace('BQ', 'BR'),
      seed.toLowerCase(),
      `${seed}AA`,
      seed.replace('SU', 'SA'),
      GOLDEN[1][2],
    ];
    for (const text of wrong) {
      assert.throws(
        () => keyFromNkeySeed(text),
        ({ name, message }: Error) =>
          name === 'key-invalid' && !message.includes(seed.slice(9, 20)),
        text,
      );
    }
  });
});

describe('a derived key', () => {
  it('is HKDF-SHA256 of the seed, and the same each time', () => {
    const derive = (name: string): string =>
      seedOf(deriveKey(fromHex(COUNTING), name)).toString('hex');
    assert.equal(
      derive('nats'),
      'f9a36cb3f442d3fbf43ac6b076448866a4c71b163fa34bc0f8b43750f39d789b',
    );
    assert.equal(
      derive('nats/agent-1'),
      '4c4427be5a9a00b9f53595d186d8457b4c9d203b4624453bbfed1d65da276d0a',
    );
  });

  it('is another for every node and every name, and tells nothing of its neighbours', () => {
    const node = newKey();
    const keys = [
      node,
      deriveKey(node, 'nats'),
      deriveKey(node, 'other'),
      deriveKey(newKey(), 'nats'),
    ];
    assert.equal(new Set(keys.map((key) => makeSigner(key).key)).size, keys.length);
  });

  it('is found again from the key file of the node', () => {
    const path = join(folder, 'node.key');
    const node = openNodeKey(path);
    const first = makeSigner(openDerivedKey(path, 'nats')).key;
    assert.equal(makeSigner(openDerivedKey(path, 'nats')).key, first);
    assert.notEqual(first, node.key);
  });

  it('of what is no key is refused', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed448');
    assert.throws(() => deriveKey(privateKey, 'nats'), { name: 'key-invalid' });
    assert.throws(() => deriveKey(publicKey, 'nats'), { name: 'key-invalid' });
    assert.throws(() => openDerivedKey(join(folder, 'none'), 'nats'), { name: 'key-invalid' });
    const odd = join(folder, 'odd.key');
    writeFileSync(odd, 'no key', { mode: 0o600 });
    assert.throws(() => openDerivedKey(odd, 'nats'), { name: 'key-invalid' });
    for (const name of ['', 'NATS', 'a b', '/nats']) {
      assert.throws(() => deriveKey(newKey(), name), { name: 'usage' }, name);
    }
    assert.throws(() => keyFromSeed(Buffer.alloc(31)), { name: 'key-invalid' });
    const pem = newKey().export({ format: 'pem', type: 'pkcs8' });
    assert.equal(seedOf(createPrivateKey(pem)).length, 32);
  });
});

describe('a NATS server that lies about its nonce', () => {
  const node = newKey();
  const author = makeSigner(node).key;
  // A commit that the node never made, as the text that a nonce may be.
  const forged = signedBytes(
    encodeHeader({
      format: 1,
      space: 's',
      author,
      chain: 'c',
      seq: 1,
      prev: null,
      hlc: '000000000000001-000000',
      seen: [],
      events: [],
    }),
  );
  const signatureOf = (key: KeyObject): Buffer =>
    Buffer.from(nkeySigner(key).sign(forged.toString()), 'base64url');

  it('gets nothing that the key of the node has signed', () => {
    const derived = deriveKey(node, 'nats');
    assert.equal(verifySignature(author, forged, signatureOf(derived)), false);
    assert.ok(verifySignature(makeSigner(derived).key, forged, signatureOf(derived)));
    assert.notEqual(nkeySigner(derived).nkey, publicNkey(author));
  });

  it('would get a commit signed, were the key of the node used', () => {
    assert.ok(verifySignature(author, forged, signatureOf(node)));
  });
});
