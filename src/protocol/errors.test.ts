/** An error crosses a process boundary without losing what a reader needs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ERRORS,
  fromErrorBody,
  isErrorName,
  SkeinError,
  toErrorBody,
  toSkeinError,
} from './errors.ts';
import type { ErrorName } from './errors.ts';

describe('an error', () => {
  it('of every name goes out and comes back the same', () => {
    for (const name of Object.keys(ERRORS) as ErrorName[]) {
      const options = { fix: 'Do this.', details: { at: 1 }, cause: new Error('inside') };
      for (const error of [
        new SkeinError(name, 'Cannot x: y', options),
        new SkeinError(name, 'Cannot x: y'),
      ]) {
        const body = JSON.parse(JSON.stringify(toErrorBody(error)));
        const back = fromErrorBody(body);
        for (const key of ['name', 'code', 'retryable', 'message', 'fix', 'details'] as const) {
          assert.deepEqual(back[key], error[key], `${name}: ${key}`);
        }
        assert.deepEqual([body.status, body.type], [ERRORS[name].status, 'about:blank']);
      }
    }
  });

  it('keeps its cause inside the process and never sends it', () => {
    const cause = new Error('a path of this machine');
    const error = new SkeinError('internal', 'Cannot x: y', { cause });
    assert.equal(error.cause, cause);
    assert.ok(!JSON.stringify(toErrorBody(error)).includes('path'));
  });

  it('that another process made up becomes internal', () => {
    for (const body of [
      null,
      'x',
      7,
      [],
      {},
      { title: 'toString' },
      { title: 'gone', detail: 'd' },
    ]) {
      assert.equal(fromErrorBody(body).name, 'internal');
    }
    assert.ok(!isErrorName('toString') && !isErrorName(5001) && isErrorName('usage'));
  });

  it('that was not ours becomes internal, ours pass', () => {
    const ours = new SkeinError('usage', 'Cannot x: y');
    assert.equal(toSkeinError(ours), ours);
    const bug = new TypeError('broken');
    assert.deepEqual([toSkeinError(bug).name, toSkeinError(bug).cause], ['internal', bug]);
    assert.match(toSkeinError('text').message, /text/);
  });
});
