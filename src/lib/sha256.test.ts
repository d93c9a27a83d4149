/** The hash is the standard one, of UTF-8. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sha256 } from './sha256.ts';

it('sha256 is SHA-256 in lower-case hexadecimal, strings as UTF-8 (FIPS 180-4, "abc")', () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.equal(sha256('abc'), abc);
  assert.equal(sha256(Buffer.from('abc')), abc);
  assert.equal(sha256('ü🪿'), sha256(Buffer.from('ü🪿', 'utf8')));
  assert.notEqual(sha256('ü'), sha256(Buffer.from('ü', 'latin1')));
});
