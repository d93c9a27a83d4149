/** Secrets taken out of answers: in every spelling, over every border between two pieces. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { makeScrubber } from './scrub-secrets.ts';

const VALUE = 'Bearer s3cr3t/"tok+en"/aaab';
const scrubber = makeScrubber([{ header: 'authorization', value: VALUE }]);

async function scrub(pieces: readonly Buffer[]): Promise<string> {
  const chunks = await Readable.from(pieces)
    .pipe(scrubber?.body() ?? assert.fail())
    .toArray();
  return Buffer.concat(chunks).toString('latin1');
}

describe('the body of an answer', () => {
  it('loses a secret in one piece and in two, wherever it is cut', async () => {
    const text = `before ${VALUE} after aaa`;
    for (let at = 0; at <= text.length; at += 1) {
      const pieces = [text.slice(0, at), text.slice(at)].map((piece) => Buffer.from(piece));
      assert.equal(await scrub(pieces), 'before *** after aaa', `cut at ${at}`);
    }
    const bytes = [...text].map((character) => Buffer.from(character));
    assert.equal(await scrub(bytes), 'before *** after aaa');
  });

  it('loses it as JSON, URLs and base64 spell it, and its parts', async () => {
    const token = VALUE.slice('Bearer '.length);
    const spelled = [
      token,
      JSON.stringify(token),
      encodeURIComponent(VALUE),
      encodeURIComponent(token),
    ];
    for (const text of [...spelled, btoa(VALUE), btoa(token), `{"a":${JSON.stringify(VALUE)}}`]) {
      const answer = await scrub([Buffer.from(text)]);
      assert.ok(answer.includes('***') && !/s3cr3t|czNjcjN0/.test(answer), answer);
    }
  });

  it('stays as it is otherwise, bytes included', async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7) % 256));
    assert.equal(await scrub([bytes, bytes]), bytes.toString('latin1').repeat(2));
    assert.equal(
      await scrub([Buffer.from('Bearer s3cr3t/"tok+en"/aaa')]),
      'Bearer s3cr3t/"tok+en"/aaa',
    );
    assert.equal(await scrub([]), '');
  });
});

describe('a scrubber', () => {
  it('looks at headers too', () => {
    const headers = [['X-Echo', `a ${VALUE}`]] as const;
    assert.deepEqual(scrubber?.headers(headers), [['X-Echo', 'a ***']]);
  });

  it('is none without secrets', () => assert.equal(makeScrubber([]), null));
});
