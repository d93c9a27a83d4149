/** Which errors are expectations that were not met, and what a discovery comes to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS, SkeinError, type ErrorName } from '#protocol/errors.ts';
import { unmetDiscoveries, unmetError } from './unmet.ts';

const at = { event: 'e', task: 'm.1', paths: ['a.ts'] };

describe('unmetError', () => {
  it('is what a diagnosis may know something against, and nothing else', () => {
    const names = Object.keys(ERRORS) as ErrorName[];
    const unmet = names.filter((name) => unmetError(new SkeinError(name, 'x'), at) !== undefined);
    assert.deepEqual(unmet.toSorted(), [
      'check-failed',
      'evidence-missing',
      'guardrail-refused',
      'review-refused',
    ]);
  });

  it('keeps the error, for when nobody knows better', () => {
    const error = new SkeinError('check-failed', 'Cannot finish: test fails');
    assert.deepEqual(unmetError(error, at), {
      failure: { ...at, what: 'Cannot finish: test fails' },
      error,
    });
  });
});

describe('unmetDiscoveries', () => {
  const places = [
    { path: 'x.ts', line: 3, preview: 'a' },
    { path: 'x.ts', line: 7, preview: 'a' },
  ];

  it('names all places of a path when the plain edit would do', () => {
    const [unmet] = unmetDiscoveries([{ path: 'x.ts', places, refusal: null }], 'e', 'm.1');
    assert.deepEqual(unmet?.failure, {
      event: 'e',
      task: 'm.1',
      what: 'x.ts:3, x.ts:7 is used too, and is not in the plan',
      paths: ['x.ts'],
    });
    assert.equal(unmet?.error.name, 'guardrail-refused');
    assert.match(unmet?.error.message ?? '', /x\.ts:3, x\.ts:7/u);
  });

  it('says what the reflex said when it would not', () => {
    const refusal = { reason: 'it would not parse', places: ['x.ts:3 twice'] };
    const [unmet] = unmetDiscoveries([{ path: 'x.ts', places, refusal }], 'e', 'm.1');
    assert.equal(unmet?.failure.what, 'it would not parse');
    assert.deepEqual(unmet?.error.details, { places: ['x.ts:3 twice'] });
  });

  it('is nothing for nothing', () => {
    assert.deepEqual(unmetDiscoveries([], 'e', 'm.1'), []);
  });
});
