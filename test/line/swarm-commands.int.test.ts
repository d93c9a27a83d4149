/** Plans, tasks, agents, leases and waits, asked for at the command line while a mission stands. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { greeterRepository, RENAME } from '../support/line-repository.ts';
import {
  openHome,
  WITHOUT_WALLS,
  told,
  until,
  type Ended,
  type SkeinHome,
} from '../support/run-skein.ts';

const skein = openHome(WITHOUT_WALLS);

/** The lines of a call with --json, each an object. */
async function rows(
  home: SkeinHome,
  ...args: readonly string[]
): Promise<Record<string, unknown>[]> {
  const call = await home.run(...args, '--json');
  assert.equal(call.code, 0, told(call));
  return call.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const plan = (top: string, ...flags: readonly string[]): Promise<Ended> =>
  skein.run('plan', RENAME, '--repo', top, '--check', 'true', ...flags);

const idOf = ({ stdout }: Ended): string => /^mission (\S+)$/mu.exec(stdout)?.[1] ?? '';

async function statusOf(id: string): Promise<unknown> {
  return (await rows(skein, 'missions')).find((mission) => mission['id'] === id)?.['status'];
}

/** A mission whose checks stop at a gate after the change is made: all of its agents can be seen. */
function gatedMission(home: SkeinHome): {
  isAtGate: () => boolean;
  open: () => void;
  ended: Promise<Ended>;
} {
  const { top, folder } = greeterRepository();
  const [at, gate] = [join(folder, 'at'), join(folder, 'gate')];
  const check = `touch ${at}; until test -e ${gate}; do sleep 0.05; done`;
  const running = home.start(['run', RENAME, '--repo', top, '--yes', '--check', check]);
  return {
    isAtGate: () => existsSync(at),
    open: () => writeFileSync(gate, ''),
    ended: running.ended,
  };
}

describe('skein plan', () => {
  const { top } = greeterRepository();

  it('prints the plan and leaves it waiting; approve carries it out', async () => {
    const planned = await plan(top, '--jobs', '2');
    assert.equal(planned.code, 0, told(planned));
    assert.match(planned.stdout, /^ {2}\d tasks, at most 2 at once \(--jobs\)$/mu);
    assert.match(planned.stdout, /^ {2}price: \d files?, \d changes?, .*\(0\.00 USD\)$/mu);
    assert.match(planned.stderr, /Answer it with: skein approve \S+ {3}or {3}skein reject/u);
    const id = idOf(planned);
    assert.equal(await statusOf(id), 'waiting');
    const waits = await skein.run('why-waiting', id);
    assert.match(waits.stdout, /waits for your answer to its plan: skein approve/u);
    const states = (await rows(skein, 'tasks', id)).map(({ status }) => status);
    assert.ok(states.length > 0 && states.every((status) => status === 'planned'), String(states));
    const approved = await skein.run('approve', id);
    assert.equal(approved.code, 0, told(approved));
    const after = (await rows(skein, 'tasks', id)).map(({ status }) => status);
    assert.ok(
      after.every((status) => status === 'done'),
      String(after),
    );
  });

  it('--json: the plan as one line, and nothing else on stdout', async () => {
    const planned = await plan(top, '--json');
    assert.equal(planned.code, 0, told(planned));
    const { mission, dryRun, plan: made } = JSON.parse(planned.stdout) as Record<string, unknown>;
    assert.equal(dryRun, false);
    assert.ok(Array.isArray((made as { tasks?: unknown }).tasks));
    assert.equal((await skein.run('reject', String(mission))).code, 0);
  });

  it('--dry-run leaves nothing waiting', async () => {
    const shown = await plan(top, '--dry-run');
    assert.equal(shown.code, 0, told(shown));
    assert.match(shown.stdout, /^ {2}price: /mu);
    assert.equal(await statusOf(idOf(shown)), 'rejected');
    assert.match((await skein.run('show', idOf(shown))).stdout, /rejected: dry run/u);
    assert.equal((await skein.run('approve', idOf(shown))).code, 7);
  });

  it('--dry-run that is interrupted while it plans leaves nothing waiting either', async () => {
    const running = skein.start(['plan', RENAME, '--repo', top, '--dry-run', '--check', 'true']);
    await running.saw(/worktree ready/u);
    running.child.kill('SIGINT');
    const left = await running.ended;
    assert.equal(left.code, 130, told(left));
    const statuses = (await rows(skein, 'missions')).map(({ status }) => status);
    assert.equal(statuses.at(-1), 'cancelled');
    assert.ok(!statuses.includes('waiting') && !statuses.includes('interrupted'), String(statuses));
  });

  it('of a goal that can not be planned ends as "run" does', async () => {
    const failed = await skein.run('plan', 'rename nothing to nowhere', '--repo', top);
    assert.equal(failed.code, 3, told(failed));
  });
});

describe('--jobs', () => {
  it('is a whole number from 1 to 64; else 2, with what to do', async () => {
    const { top } = greeterRepository();
    for (const jobs of ['0', '65', '-1', '1.5', 'many', '', '1e1', '0x2']) {
      for (const verb of ['run', 'plan']) {
        const refused = await skein.run(verb, RENAME, '--repo', top, `--jobs=${jobs}`);
        assert.equal(refused.code, 2, `${jobs}: ${told(refused)}`);
        assert.match(refused.stderr, /from 1 to 64/u);
      }
    }
    for (const jobs of ['1', '64']) {
      const shown = await plan(top, '--dry-run', '--jobs', jobs);
      assert.match(shown.stdout, new RegExp(`at most ${jobs} at once`, 'u'));
    }
  });
});

describe('while a mission is at work', () => {
  const own = openHome(WITHOUT_WALLS);

  it('its tasks, agents and leases can be looked at, and why the others wait', async () => {
    const mission = gatedMission(own);
    await until('the check runs', mission.isAtGate);
    const tasks = await rows(own, 'tasks');
    const atWork = tasks.find(({ status }) => status === 'claimed');
    assert.ok(atWork !== undefined, JSON.stringify(tasks));
    assert.match((await own.run('tasks')).stdout, /^ +\d+ {2}at work /mu);
    const agents = await rows(own, 'agents');
    const busy = agents.find(({ state }) => state === 'at work');
    assert.equal(busy?.['task'], atWork['id'], JSON.stringify(agents));
    assert.match(
      (await own.run('agents')).stdout,
      new RegExp(`^${String(busy?.['name'])} .*at work .*task \\d+ of mission`, 'mu'),
    );
    for (const lease of await rows(own, 'leases')) {
      assert.equal(lease['void'], false);
      assert.ok(tasks.some(({ id }) => id === lease['task']));
    }
    const standings = await rows(own, 'why-waiting');
    const waiting = standings.filter(({ state }) => state === 'waiting');
    assert.ok(
      waiting.length > 0 && waiting.every(({ reasons }) => (reasons as unknown[]).length > 0),
    );
    const told1 = await own.run('why-waiting', String(atWork['id']));
    assert.match(told1.stdout, /^ {2}task \d+ {2}.*at work: agent:/u);
    const second = waiting.find(({ kind }) => kind === 'task');
    assert.match(
      (await own.run('why-waiting', String(second?.['id']))).stdout,
      /after task \d+ \(/u,
    );
    mission.open();
    assert.equal((await mission.ended).code, 0);
  });

  it('has a twin: when it has ended nobody is at work, nothing is held and nothing waits', async () => {
    for (const [verb, says] of [
      ['agents', /No agent is at work/u],
      ['leases', /No path is held/u],
      ['why-waiting', /Nothing waits/u],
    ] as const) {
      const call = await own.run(verb);
      assert.equal(call.code, 0, told(call));
      assert.match(call.stderr, says);
      assert.equal(call.stdout, '');
    }
    const [ended] = await rows(own, 'missions');
    const asked = await own.run('why-waiting', String(ended?.['id']));
    assert.equal(asked.code, 7, told(asked));
    assert.equal((await own.run('why-waiting', `${String(ended?.['id'])}.99`)).code, 3);
    assert.equal((await own.run('why-waiting', 'nothing')).code, 3);
  });

  it('whose node stopped: its agents are shown as stopped, and how to go on', async () => {
    const mission = gatedMission(own);
    await until('the check runs', mission.isAtGate);
    process.kill((await own.nodePid()) ?? 0, 'SIGKILL');
    assert.notEqual((await mission.ended).code, 0);
    const waits = await own.run('why-waiting');
    assert.match(waits.stdout, /stands still: its node stopped: skein resume/u);
    assert.ok((await rows(own, 'agents')).every(({ state }) => state === 'stopped'));
    assert.ok((await rows(own, 'leases')).every((lease) => lease['void'] === true));
    mission.open();
    const resumed = await own.run('resume');
    assert.equal(resumed.code, 0, told(resumed));
    assert.match((await own.run('why-waiting')).stderr, /Nothing waits/u);
  });
});
