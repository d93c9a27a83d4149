/** The plain SHA-256 is the same as the real one. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { shortSha256 } from './short-sha256.ts';

describe('the plain SHA-256', () => {
  it('is that of FIPS 180-4', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(shortSha256('abc'), abc);
  });

  it('is that of node:crypto at every length around the ends of blocks', () => {
    for (let length = 0; length <= 200; length += 1) {
      const text = 'ä/home~x'.repeat(30).slice(0, length);
      assert.equal(shortSha256(text), hash('sha256', text, 'hex'), `${length} characters`);
    }
  });
});
