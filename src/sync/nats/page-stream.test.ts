/** Names of streams and subjects, and what is noticed when a server drops a bound without a word. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HAND_OVER_LIMITS } from './hand-over.ts';
import {
  notKept,
  pageSubject,
  pageSubjects,
  readPageSubject,
  streamConfig,
  streamName,
} from './page-stream.ts';

const SPACE = 'ab'.repeat(16);
const NODE = 'cd'.repeat(32);
const CHAIN = 'ef'.repeat(16);

describe('the stream of a space', () => {
  it('has a name and subjects that begin with the space', () => {
    const subject = pageSubject(SPACE, NODE, CHAIN);
    assert.equal(subject, `skein.${SPACE}.node.${'cd'.repeat(8)}.page.${CHAIN}`);
    assert.equal(pageSubjects(SPACE), `skein.${SPACE}.node.*.page.*`);
    assert.deepEqual(readPageSubject(subject), { node: 'cd'.repeat(8), chain: CHAIN });
    assert.equal(streamName(SPACE), `skein-${SPACE}`);
    assert.throws(() => streamName('a.b'), { name: 'subject-invalid' });
  });

  it('must be bounded as it was asked to be', () => {
    const asked = streamConfig(SPACE, HAND_OVER_LIMITS);
    assert.deepEqual(notKept(asked, { ...asked, more: 'of the server' }), []);
    assert.deepEqual(notKept(asked, { ...asked, max_bytes: -1, max_age: undefined }), [
      'max_bytes',
      'max_age',
    ]);
  });
});
