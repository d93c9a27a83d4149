/** A bundle arrives in pieces as it was made, for whom it was made; a lie on the way is found. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import type { Link, LinkMessage } from '#sync/link/link.ts';
import { fetchBundle, serveBundles, type BundleWish } from './bundle-transfer.ts';
import { MAX_BUNDLE_BYTES } from './bundle.ts';

const WISH: BundleWish = { space: 's', task: 'm.1', tree: 'ab'.repeat(20), have: [] };

type Serve = ReturnType<typeof serveBundles>;

/** A link whose other end serves nothing but bundles; `change` is what happens to its answers. */
const linkTo = (
  serve: Serve,
  change: (answer: LinkMessage) => LinkMessage = (answer) => answer,
): Pick<Link, 'call'> => ({
  call: async (_method, params) => change(await serve({ params }, 'peer')),
});

describe('a bundle on its way', () => {
  it('is cut into pieces and made once', async () => {
    const bytes = randomBytes(14 * 1024 * 1024);
    let made = 0;
    const serve = serveBundles(async () => {
      made += 1;
      return bytes;
    });
    const sizes: number[] = [];
    const link = linkTo(serve, (answer) => {
      sizes.push(answer.body?.length ?? 0);
      return answer;
    });
    assert.ok((await fetchBundle(link, WISH)).equals(bytes));
    assert.deepEqual(
      sizes,
      [6, 6, 2].map((mb) => mb * 1024 * 1024),
    );
    assert.equal(made, 1);
  });

  it('is kept for who began to fetch it, and for nobody else', async () => {
    const serve = serveBundles(async () => randomBytes(7 * 1024 * 1024));
    const first = await serve({ params: { ...WISH, at: 0 } }, 'one');
    const { bundle } = first.params as { bundle: string };
    const rest = { params: { ...WISH, at: 6 * 1024 * 1024, bundle } };
    await assert.rejects(serve(rest, 'other'), { name: 'not-found' });
    assert.equal((await serve(rest, 'one')).body?.length, 1024 * 1024);
    await assert.rejects(serve(rest, 'one'), { name: 'not-found' });
  });

  it('is given to nobody who may not have it', async () => {
    const serve = serveBundles(async (_wish, peer) => {
      throw new SkeinError('unauthorized', `Cannot give it to ${peer}`);
    });
    await assert.rejects(fetchBundle(linkTo(serve), WISH), { name: 'unauthorized' });
    const bad = { params: { ...WISH, tree: '../../etc', at: 0 } };
    await assert.rejects(serve(bad, 'peer'), { name: 'usage' });
  });

  const LIES: Readonly<Record<string, [(answer: LinkMessage) => LinkMessage, string]>> = {
    'other bytes': [
      ({ params, body }) => ({ params, body: Buffer.alloc(body?.length ?? 0) }),
      'peer-refused',
    ],
    'nothing at all': [({ params }) => ({ params }), 'peer-refused'],
    'more than was said': [({ params }) => ({ params, body: randomBytes(2_000) }), 'peer-refused'],
    'a size beyond the limit': [
      ({ params, body }) => ({
        params: { ...(params as object), bytes: MAX_BUNDLE_BYTES + 1 },
        ...(body === undefined ? {} : { body }),
      }),
      'payload-too-large',
    ],
    'no answer': [() => ({ params: null }), 'peer-refused'],
  };
  for (const [what, [change, name]] of Object.entries(LIES)) {
    it(`is not taken from who sends ${what}`, async () => {
      const link = linkTo(
        serveBundles(async () => randomBytes(1_000)),
        change,
      );
      await assert.rejects(fetchBundle(link, WISH), { name });
    });
  }
});
