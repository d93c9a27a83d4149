/** Chains that a peer only speaks of take no more memory than they may, and are in nobody's way. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MAX_STRANGE, StrangeChains } from '#sync/session/strange-chains.ts';

const name = (author: string, index: number): string =>
  author.repeat(16) + index.toString(16).padStart(16, '0');

it('a peer that speaks of ever new chains has only so many looked for', () => {
  let claimed = new Set<string>();
  const open = new Set<string>();
  const strange = new StrangeChains({
    isMember: (short) => short === 'a'.repeat(16) || short === 'b'.repeat(16),
    isHere: () => false,
    isClaimed: (chain) => claimed.has(chain),
    forget: (chain) => void open.delete(chain),
  });
  const admit = (chain: string): boolean => {
    const isAdmitted = strange.admit(chain);
    if (isAdmitted) open.add(chain);
    return isAdmitted;
  };
  for (let round = 0; round < 20; round += 1) {
    const told = Array.from({ length: 700 }, (_, index) => name('c', round * 700 + index));
    claimed = new Set(told);
    for (const chain of told) admit(chain);
    assert.ok(open.size <= MAX_STRANGE, `${open.size}`);
    assert.ok(claimed.has([...open].at(-1) ?? ''), 'those of now, not those of before');
  }
  // What one author fills is in the way of no other.
  assert.ok(admit(name('a', 1)));
  assert.ok(!admit(name('c', 99_999)));
  assert.ok(admit(name('b', 1)));
  for (const odd of ['', '__proto__', 'a'.repeat(31), 'A'.repeat(32), `${'a'.repeat(32)}\n`])
    assert.ok(!admit(odd));
});

it('what has arrived makes room', () => {
  const here = new Set<string>();
  const forgotten: string[] = [];
  const strange = new StrangeChains({
    isMember: () => true,
    isHere: (chain) => here.has(chain),
    isClaimed: () => true,
    forget: (chain) => void forgotten.push(chain),
  });
  for (let index = 0; index < MAX_STRANGE; index += 1) assert.ok(strange.admit(name('a', index)));
  assert.ok(!strange.admit(name('a', MAX_STRANGE)));
  here.add(name('a', 3));
  let refused = 0;
  while (!strange.admit(name('a', MAX_STRANGE))) refused += 1;
  assert.ok(refused < 100, `${refused}`);
  assert.deepEqual(forgotten, []);
});
