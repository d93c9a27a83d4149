/** The commands of records (backup, restore, prune, doctor, status) in a space that two nodes share. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { becomes } from '../bus-cli/bus-home.ts';
import { told } from '../support/run-skein.ts';
import { agree, logOf, meet, openListening, type NetNode } from './net-node.ts';

describe('a space of two nodes', () => {
  let alpha: NetNode;
  let beta: NetNode;
  let space: string;
  const texts = async (node: NetNode, agent: string): Promise<readonly string[]> =>
    (await node.waiting(agent)).map(({ text }) => text).toSorted();

  before(async () => {
    [alpha, beta] = await Promise.all([openListening('alpha'), openListening('beta')]);
    space = await meet(alpha, beta);
    await alpha.ok('agents', 'add', 'ann');
    await beta.ok('agents', 'add', 'bob');
    await agree([alpha, beta]);
  });

  it('is shown by status and doctor of both, with the other one', async () => {
    for (const [node, other] of [
      [alpha, beta],
      [beta, alpha],
    ] as const) {
      const { key } = await other.status();
      const shown = await node.ok('status');
      assert.ok(shown.includes(key.slice(0, 16)), shown);
      const doctor = await node.run('doctor');
      assert.equal(doctor.code, 0, told(doctor));
      assert.ok(doctor.stdout.includes(space.slice(0, 12)), told(doctor));
      assert.match(await node.ok('members'), new RegExp(key.slice(0, 16), 'u'));
    }
  });

  it('is pruned by its owner alone, who has nothing to prune while there are no missions', async () => {
    const most = ['prune', '--yes', '--older-than', '0', '--keep-missions', '0'];
    assert.match(await alpha.ok(...most), /nothing to prune/u);
    const refused = await beta.run(...most);
    assert.equal(refused.code, 1, told(refused));
    const { key } = await alpha.status();
    assert.ok(refused.stderr.includes(`node ${key.slice(0, 16)} owns it`), told(refused));
    await agree([alpha, beta]);
  });

  it('counts no more what a restored member had said after the backup, anywhere', async () => {
    const folder = join(beta.person, 'early');
    await beta.ok('backup', folder);
    await beta.ok('send', 'ann', 'said after the backup');
    await becomes('ann has it', async () => (await texts(alpha, 'ann')).length === 1);
    await agree([alpha, beta]);
    assert.match((await beta.run('restore', folder)).stderr, /--replace/u);
    await beta.ok('restore', folder, '--replace');
    await beta.ok('send', 'ann', 'said after the restore');
    await becomes('ann has that too', async () => (await texts(alpha, 'ann')).length === 2);
    await agree([alpha, beta]);
    const said = (await logOf(beta, space)).map(({ data }) => data['text']);
    assert.ok(!said.includes('said after the backup'), 'its record goes on from the backup');
    const heard = (await logOf(alpha, space)).map(({ data }) => data['text']);
    assert.ok(heard.includes('said after the backup'), 'nothing that was heard is removed');
  });

  /** Brings `node` back to a backup; what others have of it comes back, and it goes on. */
  const restored = async (node: NetNode, agent: string, from: NetNode): Promise<void> => {
    const folder = join(node.person, 'backup');
    await node.ok('backup', folder);
    await from.ok('send', agent, `to ${node.name} after the backup`);
    await becomes('it has come', async () =>
      (await texts(node, agent)).includes(`to ${node.name} after the backup`),
    );
    await agree([alpha, beta]);
    assert.match((await node.run('restore', folder)).stderr, /--replace/u);
    await node.ok('restore', folder, '--replace');
    await becomes('it has come again', async () =>
      (await texts(node, agent)).includes(`to ${node.name} after the backup`),
    );
    await from.ok('send', agent, `to ${node.name} after the restore`);
    await becomes('the next one has come too', async () =>
      (await texts(node, agent)).includes(`to ${node.name} after the restore`),
    );
    const got = (await texts(node, agent)).filter((text) => text.startsWith(`to ${node.name}`));
    assert.deepEqual(got, [
      `to ${node.name} after the backup`,
      `to ${node.name} after the restore`,
    ]);
    await agree([alpha, beta]);
  };

  it('gives back to a restored member what it was sent', () => restored(beta, 'bob', alpha));
  it('gives back to a restored owner what it was sent', () => restored(alpha, 'ann', beta));
});
