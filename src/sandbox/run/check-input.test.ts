/** What goes in is held to its limits, and each refusal says which one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { SandboxRequest } from '#sandbox/sandbox.ts';
import { checkInput } from './check-input.ts';

const file = (path: string, bytes = 1) => ({ path, content: new Uint8Array(bytes) });

/** The error's code, with the limit it names; null when all may go in. */
function refusal(
  request: Partial<SandboxRequest>,
  limits: Partial<Limits> = {},
): readonly unknown[] | null {
  const program = { type: 'command', argv: ['true'] } as const;
  try {
    checkInput({ program, ...request }, { ...CODE_LIMITS, ...limits });
    return null;
  } catch (error) {
    assert.ok(error instanceof SkeinError);
    return [error.name, error.details?.['limit']];
  }
}

describe('what goes in', () => {
  it('is refused beyond a limit, and not at it', () => {
    const files = [file('a', 4), file('b/c', 4)];
    assert.equal(refusal({ files }, { inFiles: 2, inBytes: 8, fileBytes: 4 }), null);
    assert.deepEqual(refusal({ files }, { inFiles: 1 }), ['limit-reached', 'inFiles']);
    assert.deepEqual(refusal({ files }, { inBytes: 7 }), ['limit-reached', 'inBytes']);
    assert.deepEqual(refusal({ files }, { fileBytes: 3 }), ['limit-reached', 'fileBytes']);
  });

  it('counts the input and the source as well', () => {
    const program = { type: 'code', language: 'python', source: '12345' } as const;
    const stdin = new Uint8Array(3);
    assert.equal(refusal({ program, stdin }, { inBytes: 8 }), null);
    assert.deepEqual(refusal({ program, stdin }, { inBytes: 7 }), ['limit-reached', 'inBytes']);
  });

  it('has paths and variables that can be', () => {
    for (const path of ['../a', '/a', '', 'a/../../b']) {
      assert.deepEqual(refusal({ files: [file(path)] })?.[0], 'path-refused', path);
    }
    assert.equal(refusal({ environment: { A: 'x=y', 'a.b': '' } }), null);
    for (const environment of [{ 'A=B': '' }, { '': 'x' }, { A: '\0' }]) {
      assert.deepEqual(refusal({ environment })?.[0], 'usage');
    }
  });
});
