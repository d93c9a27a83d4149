/** Invitations: who is let in, once, and who is not. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { makeTestLedger, newSigner, SPACE, human } from '../support/test-ledger.ts';
import { admit, makeTestNode, pull } from '../support/test-nodes.ts';
import { testHello, type TestHello } from '#sync/link/fixtures/test-hello.ts';
import type { Link } from '#sync/link/link.ts';
import { MemoryNetwork } from '#sync/link/memory-link.ts';
import { InviteBook, type KeptInvite } from '#sync/member/invite-book.ts';
import { decodeInvite, encodeInvite, proveSecret } from '#sync/member/invite.ts';
import { joinSpace, serveGuest } from '#sync/member/join.ts';
import { memberDeciders } from '#sync/member/member-decider.ts';

const HOUR = 3_600_000;

interface Desk {
  readonly book: InviteBook;
  readonly hello: TestHello;
  readonly guest: TestHello;
  readonly path: string;
  readonly clock: { ms: number };
  readonly admitted: { invite: KeptInvite; key: string; name?: string }[];
  readonly invite: () => string;
  readonly dial: Parameters<typeof joinSpace>[0]['dial'];
  readonly join: (code: string) => ReturnType<typeof joinSpace>;
}

/** An inviter at the address `desk`, and a guest. `mishap` may throw as it is let in. */
function makeDesk(mishap: () => void = () => undefined): Desk {
  const [hello, guest] = [testHello(), testHello()];
  const clock = { ms: Date.UTC(2026, 10, 21) };
  const path = join(mkdtempSync(join(tmpdir(), 'skein-invites-')), 'invites.json');
  const { random } = hello;
  const newId = makeUuidv7({ now: () => clock.ms, random });
  const book = new InviteBook({ path, now: () => clock.ms, random, newId });
  const network = new MemoryNetwork(hello);
  const admitted: Desk['admitted'] = [];
  const accept = (link: Link): void =>
    serveGuest(link, {
      book,
      timers: hello.timers,
      refused: (reason) => hello.refusals.push(reason),
      admit: async (invite, who) => {
        mishap();
        admitted.push({ invite, ...who });
        return hello.signer.key;
      },
    });
  network.attach({ address: 'desk', hello, accept });
  network.attach({ address: 'guest', hello: guest, accept: () => undefined });
  const dial: Desk['dial'] = (address, how) => network.dial('guest', address, how);
  return {
    book,
    hello,
    guest,
    path,
    clock,
    admitted,
    dial,
    invite: () => {
      const { secret, expiresAt } = book.invite(SPACE, 'writer', HOUR);
      const key = hello.signer.key;
      return encodeInvite({
        space: SPACE,
        key,
        addresses: ['nowhere', 'desk'],
        secret,
        expires: expiresAt / 1_000,
      });
    },
    join: (code) => joinSpace({ code, dial, now: () => clock.ms, name: 'laptop' }),
  };
}

const invalid = { name: 'invite-invalid' };

describe('an invitation', () => {
  it('lets one node in, at the first address that leads to the inviter', async () => {
    const desk = makeDesk();
    const joined = await desk.join(desk.invite());
    const { key } = desk.hello.signer;
    assert.deepEqual(joined, { space: SPACE, owner: key, inviter: key, address: 'desk' });
    assert.equal(desk.admitted.length, 1);
    assert.equal(desk.admitted[0]?.key, desk.guest.signer.key);
    assert.equal(desk.admitted[0]?.name, 'laptop');
    assert.deepEqual(desk.hello.refusals, []);
  });

  it('is used up by the first, who may come again after a mishap, under the same command', async () => {
    let fails = true;
    const desk = makeDesk(() => {
      if (fails) throw new TypeError('the disk is full');
    });
    const code = desk.invite();
    await assert.rejects(desk.join(code), { name: 'internal' });
    fails = false;
    await desk.join(code);
    await desk.join(code);
    assert.equal(new Set(desk.admitted.map(({ invite }) => invite.command)).size, 1);
    const { space, secret } = decodeInvite(code);
    const stranger = newSigner().key;
    const binding = '0f'.repeat(32);
    const proof = proveSecret(secret, { binding, space });
    assert.throws(() => desk.book.claim({ space, key: stranger, binding, proof }), invalid);
    // The twin: for the guest who used it the same proof is good.
    desk.book.claim({ space, key: desk.guest.signer.key, binding, proof });
  });

  it('that is too old, unknown, for another space or proven on another link is refused alike', async () => {
    const desk = makeDesk();
    const code = desk.invite();
    const invite = decodeInvite(code);
    const wrong = [
      encodeInvite({ ...invite, secret: Buffer.alloc(16) }),
      encodeInvite({ ...invite, space: 'cd'.repeat(16) }),
    ];
    for (const each of wrong) await assert.rejects(desk.join(each), invalid);
    assert.deepEqual(desk.hello.refusals, ['invite-invalid', 'invite-invalid']);
    const stolen: Desk['dial'] = async (address, how) => {
      const link = await desk.dial(address, how);
      // A proof that was seen on another link says nothing on this one.
      return { ...link, greeting: { ...link.greeting, binding: '00'.repeat(32) } };
    };
    await assert.rejects(joinSpace({ code, dial: stolen, now: () => desk.clock.ms }), invalid);
    desk.clock.ms += 2 * HOUR;
    await assert.rejects(desk.join(code), invalid);
    await assert.rejects(joinSpace({ code, dial: desk.dial, now: () => 0 }), invalid);
    assert.equal(desk.admitted.length, 0);
    desk.clock.ms -= 2 * HOUR;
    await desk.join(code);
  });

  it('of somebody else at that address is not told the secret', async () => {
    const desk = makeDesk();
    const code = encodeInvite({ ...decodeInvite(desk.invite()), key: 'ab'.repeat(32) });
    await assert.rejects(desk.join(code), { name: 'node-unreachable' });
  });

  it('is no code when anything of it is missing', () => {
    const desk = makeDesk();
    const code = desk.invite();
    assert.equal(decodeInvite(`  ${code}\n`).space, SPACE);
    for (const wrong of [
      '',
      'x',
      code.slice(0, -9),
      code.slice(4),
      Buffer.from('null').toString('base64url'),
    ]) {
      assert.throws(() => decodeInvite(wrong), invalid, wrong);
    }
  });

  it('is kept where only the owner reads, and without what is needed to use it', async () => {
    const desk = makeDesk();
    const { secret } = decodeInvite(desk.invite());
    assert.equal(statSync(desk.path).mode & 0o777, 0o600);
    const file = readFileSync(desk.path);
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      assert.ok(!file.includes(Buffer.from(secret).toString(form)));
    }
    // Another process of the same home has them as well.
    const { random } = desk.hello;
    const again = new InviteBook({
      path: desk.path,
      now: () => desk.clock.ms,
      random,
      newId: () => '',
    });
    assert.equal(again.list().length, 1);
    desk.clock.ms += 2 * HOUR;
    assert.equal(again.list().length, 0);
  });

  it('gives a guest three tries, and no other method', async () => {
    const desk = makeDesk();
    const link = await desk.dial('desk', { purpose: 'join' });
    await assert.rejects(link.call('sync.heads', { space: SPACE, heads: [] }), {
      name: 'not-found',
    });
    await assert.rejects(link.call('join', { space: SPACE, proof: 'x' }), invalid);
    await assert.rejects(link.call('join', null), { name: 'peer-refused' });
    await assert.rejects(link.call('join', null), { name: 'node-unreachable' });
    assert.equal(await link.closed, 'too many tries');
  });
});

describe('members of a space', () => {
  const key = newSigner().key;
  const make = (): ReturnType<typeof makeTestLedger> =>
    makeTestLedger({ deciders: memberDeciders });

  it('are admitted and removed by a person at the owner', () => {
    const ledger = make();
    const added = (role: string): number =>
      ledger.store('space.admit', { key, role, name: 'x' }).events.length;
    assert.deepEqual(
      [added('reader'), added('reader'), added('writer'), added('writer')],
      [1, 0, 1, 0],
    );
    const again = (role: string): string => ledger.refuse('space.admit', { key, role }).name;
    assert.equal(again('reader'), 'command-rejected', 'what it wrote may be on its way');
    assert.equal(ledger.store('space.remove', { key }).events.length, 1);
    assert.equal(again('writer'), 'command-rejected', 'who was removed stays out');
    assert.equal(ledger.refuse('space.remove', { key }).name, 'not-found');
  });

  it('are not for another node to say, though its person wants it', () => {
    const owner = makeTestNode();
    const other = makeTestNode({ founder: owner.signer.key, seed: 7 });
    admit(owner, other);
    pull(owner, other);
    assert.equal(other.refuse('space.admit', { key, role: 'writer' }).name, 'not-home');
    assert.equal(other.refuse('space.remove', { key: other.signer.key }).name, 'not-home');
    owner.store('space.remove', { key: other.signer.key });
  });

  it('are not for agents to say', () => {
    const ledger = make();
    const as = (name: string, authority: 'system' | 'supervisor' | 'peer' | 'human'): string => {
      const pending = ledger.pending(name, { key, role: 'writer' });
      const [outcome] = ledger.flush({ ...pending, speaker: { ...human, authority } });
      return outcome?.type === 'refused' ? outcome.error.name : 'stored';
    };
    assert.deepEqual(
      (['peer', 'supervisor', 'system', 'human'] as const).map((each) => as('space.admit', each)),
      ['unauthorized', 'unauthorized', 'stored', 'stored'],
    );
    assert.deepEqual(
      (['peer', 'supervisor', 'system', 'human'] as const).map((each) => as('space.remove', each)),
      ['unauthorized', 'unauthorized', 'unauthorized', 'stored'],
    );
    const { owner } = { owner: ledger.signer.key };
    assert.equal(
      ledger.refuse('space.admit', { key: owner, role: 'reader' }).name,
      'command-rejected',
    );
    assert.equal(ledger.refuse('space.remove', { key: owner }).name, 'command-rejected');
    assert.equal(ledger.refuse('space.admit', { key, role: 'owner' }).name, 'usage');
    assert.equal(
      ledger.refuse('space.admit', { key, role: 'reader', name: 'x'.repeat(65) }).name,
      'usage',
    );
  });
});
