/**
 * A home that was copied while it was down, and then both were used: two nodes with one key. The fork is
 * found by hash, kept as evidence and named; what counts is the same everywhere, and both go on.
 */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { becomes } from '../bus-cli/bus-home.ts';
import {
  agree,
  isLong,
  linked,
  logOf,
  meet,
  openListening,
  openNetNode,
  type NetNode,
} from './net-node.ts';

const VOID_FOR_EVER =
  'what was received in commits that a fork has made void is not received again';

describe('a copy of a home, used beside the original', () => {
  let alpha: NetNode;
  let beta: NetNode;
  let copy: NetNode;
  let space: string;
  const heard = async (text: string): Promise<void> =>
    becomes(`ann has "${text}"`, async () =>
      (await alpha.waiting('ann')).some((letter) => letter.text === text),
    );
  const say = async (node: NetNode, text: string): Promise<void> => {
    await node.post('message.send', { to: 'ann', text }, { as: 'bob' });
  };

  const isFrozen = async (node: NetNode): Promise<boolean> =>
    (await node.status()).network.sync?.spaces.some(({ chains }) =>
      chains.some(({ frozen }) => frozen),
    ) === true;

  const hasBob = async (node: NetNode): Promise<boolean> =>
    (await node.waiting('bob')).some(({ text }) => text === 'to bob, whoever it is');

  before(async () => {
    [alpha, beta] = await Promise.all([openListening('alpha'), openListening('beta')]);
    space = await meet(alpha, beta);
    await alpha.ok('agents', 'add', 'ann');
    await beta.ok('agents', 'add', 'bob');
    await agree([alpha, beta]);
    await say(beta, 'before the copy');
    await heard('before the copy');
    await agree([alpha, beta]);
    await beta.ok('down');
    copy = await openNetNode('copy');
    cpSync(beta.home, copy.home, { recursive: true });
  });

  it('is seen as a fork, that all hold and name', async () => {
    await copy.up('--name', 'copy', '--listen', `127.0.0.1:${copy.port}`);
    await say(copy, 'from the copy');
    await heard('from the copy');
    await alpha.post('message.send', { to: 'bob', text: 'to bob, whoever it is' }, { as: 'ann' });
    await becomes('the copy has it', () => hasBob(copy));
    await copy.ok('down');
    await beta.up();
    await say(beta, 'from the original');
    for (const node of [alpha, beta]) {
      await becomes(`${node.name} has frozen the chain`, () => isFrozen(node));
      assert.match(await node.ok('status'), /frozen|forked/u);
      const forks = (await logOf(node, space)).filter(({ type }) => type === 'chain.forked');
      assert.ok(forks.length > 0);
    }
    assert.match(await alpha.ok('log', '--space', space), /fork/u);
  });

  it('leaves both usable, with one state', async () => {
    await say(beta, 'the original goes on');
    await heard('the original goes on');
    await agree([alpha, beta]);
    await beta.ok('down');
    await copy.up();
    // What it says before it has heard of all forks counts as little as what it said then.
    await linked(copy);
    await becomes('the copy has heard of the fork', () => isFrozen(copy));
    await agree([alpha, copy]);
    await say(copy, 'the copy goes on');
    await heard('the copy goes on');
    await agree([alpha, copy]);
    await copy.ok('down');
    await beta.up();
    await linked(beta);
    await agree([alpha, beta]);
    await say(beta, 'and the original');
    await heard('and the original');
    await agree([alpha, beta]);
  });

  // It waits for two minutes, in vain so far.
  const known = { todo: VOID_FOR_EVER, skip: isLong ? false : VOID_FOR_EVER };
  it('gives the one that is left what the other one had received', known, async () => {
    await becomes('the original has it', () => hasBob(beta));
  });
});
