// Which bits each version of Landlock knows, and that nothing is granted that it does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handledBy, rightsOf } from './access-rights.ts';

const VERSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const GRANTS = ['read', 'write', 'device'] as const;

test('each version handles what the kernel documents for it', () => {
  assert.deepEqual(handledBy(1), { files: 0x1fff, network: 0, scopes: 0 });
  assert.deepEqual(handledBy(2), { files: 0x3fff, network: 0, scopes: 0 });
  assert.deepEqual(handledBy(3), { files: 0x7fff, network: 0, scopes: 0 });
  assert.deepEqual(handledBy(4), { files: 0x7fff, network: 3, scopes: 0 });
  assert.deepEqual(handledBy(5), { files: 0xffff, network: 3, scopes: 0 });
  assert.deepEqual(handledBy(6), { files: 0xffff, network: 3, scopes: 3 });
  assert.deepEqual(handledBy(7), handledBy(6));
  assert.deepEqual(handledBy(9), { files: 0x1ffff, network: 3, scopes: 3 });
  assert.deepEqual(handledBy(0), { files: 0, network: 0, scopes: 0 });
});

test('what is granted is handled: the kernel refuses other rules', () => {
  for (const version of VERSIONS) {
    for (const grant of GRANTS) {
      for (const isFolder of [true, false]) {
        const rights = rightsOf(grant, isFolder, version);
        assert.equal(rights & ~handledBy(version).files, 0, `${grant} ${version}`);
        assert.ok(rights > 0);
      }
    }
  }
});

test('reading grants no bit that writes, and writing makes no devices', () => {
  const [execute, read, list] = [1, 4, 8];
  assert.equal(rightsOf('read', true, 9), execute | read | list);
  assert.equal(rightsOf('read', false, 9), execute | read);
  const [character, block, control, unix] = [2 ** 6, 2 ** 11, 2 ** 15, 2 ** 16];
  assert.equal(rightsOf('write', true, 9) & (character | block | control | unix), 0);
  assert.equal(rightsOf('write', false, 9), 1 | 2 | 4 | (2 ** 14));
});
