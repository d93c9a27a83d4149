/**
 * Somebody with a real socket against a real node: noise, frames too large, strangers, a member who was
 * removed, sessions and pages of yesterday. Refused, counted in `status`, and the state is as it was.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { openNodeKey } from '#identity/node-key.ts';
import { decodePages, encodePage } from '#sync/page-codec.ts';
import type { Page } from '#ledger/ledger.ts';
import type { Link } from '#sync/link/link.ts';
import type { Refusal } from '#sync/refusal.ts';
import { newSigner } from '../support/test-ledger.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { linkAs, noise, replay, sayFrames, sayRaw, startRecorder } from './hostile-peer.ts';
import { agree, linked, meet, openNetNode, type NetNode } from './net-node.ts';

const MEGABYTE = 1 << 20;

describe('a node that strangers reach', () => {
  let alpha: NetNode;
  let member: NetNode;
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let space: string;
  let hash: string;

  before(async () => {
    [alpha, member] = await Promise.all([openNetNode('alpha'), openNetNode('member')]);
    recorder = await startRecorder(alpha.port);
    const way = ['--advertise', `ws://127.0.0.1:${recorder.port}`];
    await alpha.up('--name', 'alpha', '--listen', `127.0.0.1:${alpha.port}`, ...way);
    await member.up('--name', 'member', '--listen', `127.0.0.1:${member.port}`);
    space = await meet(alpha, member);
    await alpha.ok('agents', 'add', 'ann');
    await member.ok('agents', 'add', 'mel');
    await agree([alpha, member]);
    await member.ok('send', 'ann', 'hello', '--as', 'mel');
    await becomes('it is there', async () => (await alpha.waiting('ann')).length === 1);
    await member.ok('down');
    ({ stateHash: hash } = (await alpha.verified(space)) as { stateHash: string });
  });

  const refusedFor = async (reason: Refusal): Promise<number> =>
    (await alpha.status()).network.sync?.refused[reason] ?? 0;

  /** Does it, and shows that it is counted under this reason and has changed nothing. */
  async function refused(reason: Refusal, act: () => Promise<unknown>): Promise<void> {
    const known = await refusedFor(reason);
    await act();
    await becomes(`${reason} is counted`, async () => (await refusedFor(reason)) > known);
    assert.equal((await alpha.verified(space)).stateHash, hash);
  }

  it('hangs up on random bytes', async () => {
    // Somebody who says next to nothing is put out as well, after a while.
    await Promise.all([1, 1_000, MEGABYTE].map((size) => sayRaw(alpha.port, noise(size))));
    await refused('hello-invalid', () => sayFrames(alpha.address, [noise(500)]));
  });

  it('hangs up on frames that are too large, before it has read them', async () => {
    const rss = (await alpha.status()).rssBytes;
    await refused('frame-oversize', () => sayFrames(alpha.address, [noise(20 * MEGABYTE)]));
    await sayFrames(
      alpha.address,
      Array.from({ length: 20 }, () => noise(MEGABYTE)),
    );
    assert.ok((await alpha.status()).rssBytes < rss + 100 * MEGABYTE);
  });

  it('tells a stranger with a key of its own nothing', async () => {
    await refused('nothing-shared', async () => {
      await assert.rejects(linkAs(alpha.address, newSigner(), space), { name: 'peer-refused' });
    });
  });

  it('does not take a session of yesterday for one of today', async () => {
    const sessions = recorder.sessions.filter((said) => Buffer.concat(said).length > 2_000);
    assert.ok(sessions.length > 0, 'the member has spoken through the recorder');
    for (const said of sessions) {
      await refused('seal-broken', () => replay(alpha.port, Buffer.concat(said)));
    }
  });

  /** The member's key in the hands of somebody who does what no honest node would. */
  const asMember = async (act: (link: Link) => Promise<void>): Promise<void> => {
    const link = await linkAs(
      alpha.address,
      openNodeKey(join(member.home, 'identity', 'node.key')),
      space,
    );
    link.serve((method) => ({ params: method === 'sync.heads' ? { space, heads: [] } : null }));
    await act(link);
    link.close('done');
  };

  const oldPages = async (link: Link): Promise<readonly Page[]> => {
    const { params } = await link.call('sync.heads', { space, heads: [] });
    const { heads } = params as { heads: readonly { chain: string }[] };
    const pages = await Promise.all(
      heads.map(async ({ chain }) => {
        const asked = { space, chain, after: 0, maxBytes: MEGABYTE };
        return decodePages((await link.call('sync.pages', asked)).body ?? new Uint8Array(0));
      }),
    );
    return pages.flat();
  };

  it('takes a page that it has had for nothing new', async () => {
    await asMember(async (link) => {
      for (const page of await oldPages(link)) {
        assert.ok(link.tell('sync.page', { space }, encodePage(page)));
      }
      // An answer shows that all before it was looked at.
      await link.call('sync.heads', { space, heads: [] });
    });
    assert.equal((await alpha.verified(space)).stateHash, hash);
  });

  it('refuses pages of another space, that were changed, or are none', async () => {
    const send =
      (make: (page: Page) => readonly [string, Uint8Array]): (() => Promise<void>) =>
      () =>
        asMember(async (link) => {
          const page = (await oldPages(link)).at(-1) as Page;
          const [where, bytes] = make(page);
          link.tell('sync.page', { space: where }, bytes);
          await link.call('sync.heads', { space, heads: [] });
        });
    const other = 'f'.repeat(32);
    await refused(
      'page-invalid',
      send(() => [space, noise(3_000)]),
    );
    await refused(
      'not-found',
      send((page) => [other, encodePage({ ...page, space: other })]),
    );
    await refused(
      'page-refused',
      send((page) => [space, encodePage(beyond(page))]),
    );
  });

  it('is answered while hundreds knock at once, and lets in a member afterwards', async () => {
    const { rssBytes } = await alpha.status();
    const knocks = Array.from({ length: 200 }, () => sayFrames(alpha.address, [noise(1_000)]));
    await alpha.ok('send', 'ann', 'still here');
    await Promise.all(knocks);
    assert.ok((await refusedFor('too-many')) > 0);
    assert.ok((await alpha.status()).rssBytes < rssBytes + 100 * MEGABYTE);
    await member.up();
    await linked(member);
    await agree([alpha, member]);
  });

  it('counts nothing that a removed member writes', async () => {
    const { key } = await member.status();
    await member.ok('down');
    const known = await refusedFor('nothing-shared');
    await alpha.ok('members', '--remove', key);
    await member.up();
    // It was away, and nobody tells it.
    await member.ok('send', 'ann', 'do you hear me?', '--as', 'mel');
    await becomes('it is turned away', async () => (await refusedFor('nothing-shared')) > known);
    assert.equal((await alpha.status()).network.sync?.peers.length, 0);
    const texts = (await alpha.waiting('ann')).map(({ text }) => text);
    assert.deepEqual(texts, ['hello', 'still here']);
    const told = await alpha.ok('status');
    for (const reason of ['nothing-shared', 'frame-oversize', 'seal-broken']) {
      assert.ok(told.includes(reason), `${reason} is not in:\n${told}`);
    }
  });
});

/** The last commit once more under the next number, with the signature it had. */
function beyond(page: Page): Page {
  const last = page.commits.at(-1);
  assert.ok(last);
  const said = JSON.parse(Buffer.from(last.header).toString()) as { seq: number };
  const header = Buffer.from(JSON.stringify({ ...said, seq: said.seq + 1 }));
  return { ...page, commits: [{ ...last, header }] };
}
