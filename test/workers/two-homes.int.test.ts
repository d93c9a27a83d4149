/** A mission at one home, some of it done by workers of another home: real nodes over WebSocket. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { ListedAgent } from '#api/bus-door.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import {
  agree,
  isLong,
  linked,
  logOf,
  openListening,
  openNetNode,
  type LoggedEvent,
  type NetNode,
} from '../network/net-node.ts';
import { rewrittenTree, TRACE_GOAL, tracedRepository } from '../support/many-packages.ts';
import { told, type Ended } from '../support/run-skein.ts';

describe('run on one home uses workers on another', () => {
  const repository = tracedRepository();
  const { top, git } = repository;
  let alpha: NetNode;
  let beta: NetNode;
  let space: string;
  const missionOf = ({ stdout }: Ended): string => /^mission (\S+)$/mu.exec(stdout)?.[1] ?? '';
  const run = (...flags: readonly string[]): Promise<Ended> =>
    alpha.run('run', TRACE_GOAL, '--repo', top, '--yes', '--check', 'true', ...flags);

  before(async () => {
    alpha = await openListening('alpha');
    beta = await openNetNode('beta');
    await beta.up('--name', 'beta', '--peer', alpha.address, '--workers', '2');
    const [invited] = await alpha.data<{ code: string; space: string }>('invite', '--repo', top);
    assert.ok(invited);
    ({ space } = invited);
    await beta.ok('join', invited.code);
    await linked(alpha);
    await becomes('alpha sees the workers of beta', async () => {
      const agents = await alpha.data<ListedAgent>('agents', '--space', space);
      return (
        agents.filter(({ name, presence }) => name?.startsWith('worker-') && presence === 'alive')
          .length === 2
      );
    });
  });

  it('and makes the same git commit as without them', async () => {
    const done = await run('--jobs', '4');
    assert.equal(done.code, 0, told(done));
    assert.equal(git('rev-parse', `skein/${missionOf(done)}^{tree}`).trim(), rewrittenTree());
    const events = await logOf(alpha, space);
    const claims = events.filter(({ type }) => type === 'task.claimed');
    const far = claims.filter(({ data }) => String(data['agent']).includes('@'));
    assert.ok(far.length > 0, JSON.stringify(claims.map(({ data }) => data['agent'])));
    assert.ok(far.length < claims.length);
    await agree([alpha, beta], space);
    const replayed = await alpha.run('replay', missionOf(done));
    assert.equal(replayed.code, 0, told(replayed));
    assert.match(replayed.stdout, /same state hash/u);
    assert.doesNotMatch(replayed.stdout, /other events than recorded/u);
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    assert.equal(count('request.made'), count('request.accepted') + count('request.rejected'));
    const bare = join(beta.home, 'repositories', `${space}.git`);
    assert.ok(existsSync(bare));
    assert.deepEqual(
      readdirSync(join(beta.home, 'repositories')).filter((name) => name.startsWith('work-')),
      [],
    );
  });

  const skip = isLong ? false : 'waits for a lease to run out: set SKEIN_TEST_LONG=1';
  it('also when the other home is killed in the middle', { skip }, async () => {
    const farClaims = async (): Promise<number> => {
      const events = await logOf(alpha, space);
      const isFar = ({ type, data }: LoggedEvent): boolean =>
        type === 'task.claimed' && String(data['agent']).includes('@');
      return events.filter(isFar).length;
    };
    const earlier = await farClaims();
    const running = alpha.start([
      'run',
      TRACE_GOAL,
      '--repo',
      top,
      '--yes',
      '--check',
      'true',
      '--jobs',
      '4',
    ]);
    await becomes('a worker has a task', async () => (await farClaims()) > earlier);
    await beta.kill();
    const ended = await running.ended;
    assert.equal(ended.code, 0, told(ended));
    assert.equal(git('rev-parse', `skein/${missionOf(ended)}^{tree}`).trim(), rewrittenTree());
  });
});
