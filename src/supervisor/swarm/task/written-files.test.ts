/** What a mission has written, by its record: the last content of each file, and nothing that was only intended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { Swarm } from '../swarm.ts';
import { writtenFiles } from './written-files.ts';

interface Edit {
  readonly path: string;
  readonly afterHash: string;
  readonly at: string;
  readonly status?: EffectState['status'];
  readonly kind?: EffectState['kind'];
}

/** A swarm whose record has these edits; it is asked for edits of its mission only. */
function swarmWith(...edits: readonly Edit[]): Swarm {
  const entities = (kind: string, prefix: string): readonly { readonly body: unknown }[] => {
    assert.deepEqual([kind, prefix.slice(0, 7)], ['effect', 'm/edit/']);
    const asked = edits.filter(({ path }) => `m/edit/${path}`.startsWith(prefix));
    return asked.map(({ path, afterHash, at, status = 'done', kind: of = 'edit' }) => {
      const intent = { path, afterHash, after: { hash: afterHash, bytes: 1 }, lease: 'l' };
      return { body: { kind: of, status, intent, intentEvent: at, outcome: {} } };
    });
  };
  return { work: { mission: 'm', ledger: { read: { entities } } } } as unknown as Swarm;
}

const shown = (swarm: Swarm, paths?: readonly string[]): readonly string[] =>
  writtenFiles(swarm, paths).map(({ path, afterHash }) => `${path} ${afterHash}`);

describe('writtenFiles', () => {
  it('has each file once, as it was left, in the order of names', () => {
    const swarm = swarmWith(
      { path: 'b', afterHash: 'B1', at: '1' },
      { path: 'b', afterHash: 'B2', at: '3' },
      { path: 'a', afterHash: 'A1', at: '2' },
    );
    assert.deepEqual(shown(swarm), ['a A1', 'b B2']);
    const reversed = swarmWith(
      { path: 'b', afterHash: 'B2', at: '3' },
      { path: 'b', afterHash: 'B1', at: '1' },
    );
    assert.deepEqual(shown(reversed), ['b B2']);
  });

  it('takes only what is done for done', () => {
    const swarm = swarmWith(
      { path: 'a', afterHash: 'A', at: '1', status: 'intended' },
      { path: 'b', afterHash: 'B', at: '1', status: 'failed' },
      { path: 'c', afterHash: 'C', at: '1' },
      { path: 'd', afterHash: 'D', at: '1', kind: 'check' },
    );
    assert.deepEqual(shown(swarm), ['c C']);
  });

  it('has only those that are asked for', () => {
    const swarm = swarmWith(
      { path: 'a', afterHash: 'A', at: '1' },
      { path: 'b', afterHash: 'B', at: '2' },
    );
    assert.deepEqual(shown(swarm, ['b', 'z']), ['b B']);
    assert.deepEqual(shown(swarm, []), []);
  });
});
