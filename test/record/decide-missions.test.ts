/** Who may do what when: each refusal of the deciders, over a real writer with the real tables. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deciders } from '#daemon/state-tables.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { Authority } from '#protocol/event.ts';
import {
  DIGEST,
  editIntent,
  GIT_ID,
  missionStory,
  proposal,
  submission,
} from '../support/mission-story.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';

const OTHER = 'e2'.repeat(32);

const bodyOf = <B>({ database }: TestLedger, kind: string, id: string): B => {
  const row = database.prepare('SELECT body FROM entities WHERE kind = ? AND id = ?').get(kind, id);
  return JSON.parse(String(row?.['body'])) as B;
};

const statusOf = (ledger: TestLedger, id = 'm'): string =>
  bodyOf<MissionState>(ledger, 'mission', id).status;

/** Everything a mission may be asked, with input that is well formed. */
const ASKED: Readonly<Record<string, object>> = {
  'mission.submit': submission('m'),
  'plan.propose': proposal('m', ['src/a.ts']),
  'plan.change': { ...proposal('m', ['src/a.ts']), supersedes: 'm.1', reason: 'another way' },
  'mission.approve': { mission: 'm', hash: DIGEST, from: 'terminal' },
  'mission.reject': { mission: 'm', hash: DIGEST, reason: 'no' },
  'mission.interrupt': { mission: 'm', reason: 'stop' },
  'mission.resume': { mission: 'm', epoch: 1 },
  'mission.cancel': { mission: 'm', reason: 'given up', worktreeKept: false },
  'mission.finish': { mission: 'm', gitCommit: GIT_ID, branch: 'b', merged: false, durationMs: 1 },
  'mission.fail': {
    mission: 'm',
    error: 'internal',
    code: 5099,
    message: 'x',
    worktreeKept: false,
  },
};

/** How to come to each status, and what is let through there. */
const LIFE: Readonly<
  Record<string, { readonly path: readonly string[]; readonly lets: readonly string[] }>
> = {
  planning: {
    path: ['mission.submit'],
    lets: ['plan.propose', 'mission.interrupt', 'mission.resume', 'mission.cancel', 'mission.fail'],
  },
  waiting: {
    path: ['mission.submit', 'plan.propose'],
    lets: ['mission.approve', 'mission.reject', 'mission.cancel', 'mission.fail'],
  },
  running: {
    path: ['mission.submit', 'plan.propose', 'mission.approve'],
    lets: [
      'plan.change',
      'mission.interrupt',
      'mission.resume',
      'mission.cancel',
      'mission.finish',
      'mission.fail',
    ],
  },
  interrupted: {
    path: ['mission.submit', 'plan.propose', 'mission.approve', 'mission.interrupt'],
    lets: ['mission.resume', 'mission.cancel'],
  },
  rejected: { path: ['mission.submit', 'plan.propose', 'mission.reject'], lets: [] },
  cancelled: { path: ['mission.submit', 'mission.cancel'], lets: [] },
  done: { path: ['mission.submit', 'plan.propose', 'mission.approve', 'mission.finish'], lets: [] },
  failed: { path: ['mission.submit', 'mission.fail'], lets: [] },
};

function missionAt(status: string): TestLedger {
  const ledger = makeTestLedger();
  for (const name of LIFE[status]?.path ?? []) ledger.store(name, ASKED[name]);
  assert.equal(statusOf(ledger), status);
  return ledger;
}

describe('a mission', () => {
  it('knows all commands about missions', () => {
    // A fork begins another mission, from any status: it is tried in test/history/.
    const names = Object.keys(deciders).filter((name) => /^(mission|plan)\./.test(name));
    assert.deepEqual([...Object.keys(ASKED), 'mission.fork'].toSorted(), names.toSorted());
  });

  for (const [status, { lets }] of Object.entries(LIFE)) {
    it(`that is ${status} lets through ${lets.join(', ') || 'nothing'}`, () => {
      for (const [name, input] of Object.entries(ASKED)) {
        const ledger = missionAt(status);
        if (lets.includes(name)) ledger.store(name, input);
        else assert.equal(ledger.refuse(name, input).name, 'conflict', name);
      }
    });
  }

  it('that does not exist is not found', () => {
    for (const [name, input] of Object.entries(ASKED)) {
      if (name === 'mission.submit') continue;
      assert.equal(makeTestLedger().refuse(name, input).name, 'not-found', name);
    }
  });

  it('goes on after an interruption where it stood: planning, or at work', () => {
    for (const [status, path] of [
      ['planning', 'planning'],
      ['running', 'running'],
    ] as const) {
      const ledger = missionAt(path);
      ledger.store('mission.interrupt', ASKED['mission.interrupt']);
      ledger.store('mission.resume', ASKED['mission.resume']);
      assert.equal(statusOf(ledger), status);
    }
  });
});

describe('the answer to a plan', () => {
  const answer = (authority: Authority, name: string, input: unknown): string => {
    const ledger = missionAt('waiting');
    const { command } = ledger.pending(name, input);
    const [outcome] = ledger.flush({ command, speaker: { actor: 'somebody', authority } });
    return outcome?.type === 'refused' ? outcome.error.name : statusOf(ledger);
  };

  it("is a person's: nobody else may approve or reject", () => {
    for (const name of ['mission.approve', 'mission.reject']) {
      for (const authority of ['supervisor', 'peer', 'system'] as const) {
        assert.equal(answer(authority, name, ASKED[name]), 'unauthorized', `${authority} ${name}`);
      }
    }
    assert.equal(answer('human', 'mission.approve', ASKED['mission.approve']), 'running');
    assert.equal(answer('human', 'mission.reject', ASKED['mission.reject']), 'rejected');
  });

  it("is not made a person's by what its input says", () => {
    const claim = { ...ASKED['mission.approve'], authority: 'human', actor: 'person:owner' };
    assert.equal(answer('peer', 'mission.approve', claim), 'unauthorized');
  });

  it('names exactly the plan that was shown', () => {
    for (const name of ['mission.approve', 'mission.reject']) {
      assert.equal(answer('human', name, { ...ASKED[name], hash: OTHER }), 'plan-stale', name);
      assert.equal(answer('human', name, { ...ASKED[name], hash: 'x' }), 'usage', name);
    }
  });

  it('can not be smuggled in with the submission', () => {
    const ledger = makeTestLedger();
    const smuggled = { status: 'running', approvedFrom: 'me', plan: 'p', hash: DIGEST };
    ledger.store('mission.submit', { ...submission('m'), ...smuggled });
    const { status, approvedFrom, plan } = bodyOf<MissionState>(ledger, 'mission', 'm');
    assert.deepEqual([status, approvedFrom, plan], ['planning', null, null]);
    assert.equal(ledger.refuse('mission.finish', ASKED['mission.finish']).name, 'conflict');
  });

  it('makes the tasks of the plan, and takes none from another mission', () => {
    const ledger = missionAt('running');
    assert.equal(bodyOf<TaskState>(ledger, 'task', 'm.1').status, 'ready');
    ledger.store('mission.submit', submission('n'));
    const { tasks, ...plan } = proposal('m', ['src/b.ts']);
    ledger.store('plan.propose', { ...plan, tasks, mission: 'n' });
    assert.equal(
      ledger.refuse('mission.approve', { ...ASKED['mission.approve'], mission: 'n' }).name,
      'conflict',
    );
    assert.equal(statusOf(ledger, 'n'), 'waiting');
    assert.deepEqual(bodyOf<TaskState>(ledger, 'task', 'm.1').writeSet, ['src/a.ts']);
  });
});

describe('a task', () => {
  const claim = { task: 'm.1', agent: 'coder', ttlMs: 1_000 };
  const finish = { task: 'm.1', gitTree: GIT_ID, checks: [] };

  it('is claimed once, done once, and gives its paths back', () => {
    const ledger = missionAt('running');
    assert.equal(ledger.refuse('task.finish', finish).name, 'conflict');
    ledger.store('task.claim', claim);
    assert.equal(ledger.refuse('task.claim', { ...claim, agent: 'other' }).name, 'conflict');
    ledger.store('task.finish', finish);
    for (const name of ['task.finish', 'task.claim', 'task.fail']) {
      const input = { ...finish, ...claim, reason: 'x' };
      assert.equal(ledger.refuse(name, input).name, 'conflict', name);
    }
    assert.equal(bodyOf<{ status: string }>(ledger, 'lease', 'm.1.1').status, 'released');
  });

  it('that nobody knows is not found', () => {
    for (const [name, input] of [
      ['task.claim', claim],
      ['task.finish', finish],
    ] as const) {
      assert.equal(makeTestLedger().refuse(name, input).name, 'not-found');
    }
  });

  it('of an epoch that ended is claimed anew: the old token no longer writes', () => {
    const ledger = missionAt('running');
    ledger.store('task.claim', claim);
    const { database, signer, clock } = ledger;
    clock.ms += 1_000;
    const next = makeTestLedger({ database, signer, clock, epoch: 2, seed: 3 });
    const old = { id: 'm.1.1', token: 1 };
    assert.equal(
      next.refuse('effect.intend', editIntent('m', 'src/a.ts', old)).name,
      'lease-missing',
    );
    next.store('task.claim', claim);
    assert.equal(
      next.refuse('effect.intend', editIntent('m', 'src/a.ts', old)).name,
      'lease-missing',
    );
    next.store('effect.intend', editIntent('m', 'src/a.ts', { id: 'm.1.2', token: 2 }));
    assert.equal(bodyOf<TaskState>(next, 'task', 'm.1').attempt, 2);
  });

  it('that is released tells why, and is ready for another one', () => {
    const ledger = missionAt('running');
    ledger.store('task.claim', claim);
    const released = { task: 'm.1', reason: 'a peer comes first' };
    assert.equal(ledger.store('task.release', released).events.length, 2);
    const { status, lease, reason } = bodyOf<TaskState>(ledger, 'task', 'm.1');
    assert.deepEqual([status, lease, reason], ['ready', null, 'a peer comes first']);
    assert.equal(ledger.refuse('task.release', released).name, 'conflict');
    ledger.store('task.claim', { ...claim, agent: 'other' });
    assert.equal(bodyOf<TaskState>(ledger, 'task', 'm.1').attempt, 2);
  });

  it('whose agent falls silent loses its lease: that token neither writes nor ends it', () => {
    const ledger = missionAt('running');
    ledger.store('task.claim', claim);
    const first = { lease: 'm.1.1', token: 1 };
    assert.equal(ledger.store('lease.expire', first).events.length, 2);
    ledger.store('task.claim', { ...claim, agent: 'other' });
    const old = { id: first.lease, token: first.token };
    for (const [name, input] of [
      ['effect.intend', editIntent('m', 'src/a.ts', old)],
      ['lease.extend', { ...first, path: 'src/b.ts', why: 'also used there' }],
      ['task.finish', { ...finish, token: 1 }],
      ['task.release', { task: 'm.1', reason: 'late', token: 1 }],
    ] as const) {
      assert.equal(ledger.refuse(name, input).name, 'lease-missing', name);
    }
    assert.deepEqual(ledger.store('lease.expire', first).events, []);
    ledger.store('task.finish', { ...finish, token: 2 });
  });

  it('may not be claimed while another one holds one of its paths', () => {
    const held = { path: 'b', holder: 'coder', task: 'm.1' };
    const ledger = makeTestLedger();
    for (const [mission, paths] of [
      ['m', ['a', 'b']],
      ['n', ['b', 'c']],
      ['o', ['d']],
    ] as const) {
      for (const { name, input } of missionStory(mission, paths).slice(0, 5))
        ledger.store(name, input);
    }
    ledger.store('task.claim', claim);
    const refused = ledger.refuse('task.claim', { ...claim, task: 'n.1' });
    assert.deepEqual([refused.name, refused.details], ['path-held', held]);
    ledger.store('task.claim', { ...claim, task: 'o.1' });
    ledger.store('task.finish', finish);
    ledger.store('task.claim', { ...claim, task: 'n.1' });
  });
});
