/** What is taken for T3, and what is said of all that is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JailBackend } from '#sandbox/jail/jail.ts';
import type { ProbeReport } from '#sandbox/sandbox.ts';
import { openStrong } from './open-strong.ts';

const report = (problem: string | null): ProbeReport => ({
  enclosure: { tier: 'T3', mechanism: 'runsc', strength: 'machine', walls: [], versions: {} },
  holds: problem === null,
  attempts: [],
  problem,
  fix: problem,
});

const backend = (found: ProbeReport): JailBackend => ({
  mechanism: 'runsc',
  walls: [],
  versions: {},
  start: () => assert.fail('nothing is to be run'),
  probe: async () => found,
});

describe('the choice of stronger walls', () => {
  it('takes what holds when it is tried, and nothing else', async () => {
    const holding = backend(report(null));
    assert.equal((await openStrong({ open: async () => holding })).jail, holding);
    const leaking = backend(report('a program got through'));
    const found = await openStrong({ open: async () => leaking });
    assert.equal(found.jail, null);
    assert.equal(found.reports[0]?.problem, 'a program got through');
  });

  it('says of each that can not be used why, and what to do', async () => {
    const absent = { problem: 'There is no program runsc', fix: 'Install it' };
    const { jail, reports } = await openStrong({ open: async () => absent });
    assert.equal(jail, null);
    assert.deepEqual(
      reports.map(({ enclosure }) => enclosure.mechanism),
      ['runsc', 'podman', 'docker', 'microvm'],
    );
    for (const each of reports) {
      assert.equal(each.enclosure.tier, 'T3');
      assert.equal(each.holds, false);
      assert.ok(each.problem !== null && each.fix !== null);
    }
    assert.deepEqual([reports[0]?.problem, reports[0]?.fix], [absent.problem, absent.fix]);
  });
});
