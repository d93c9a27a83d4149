/** A plan that changes on the way: shown with what differs, asked about again, answered in every way. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEMO_GOAL, makeDemoRepository } from '#cli/demo-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';
import { openTerminal, withoutTerminal } from '../support/terminal.ts';

const skein = openHome();
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The example's goal: one of its scripts declares the new name already, which agents find out. */
function demoRun(): readonly string[] {
  const repository = makeDemoRepository();
  folders.push(dirname(repository));
  return ['run', DEMO_GOAL, '--repo', repository, '--check', 'true'];
}

/** A mission whose changed plan waits; answers the call that met it, and the mission's id. */
async function changedMission(): Promise<{ readonly met: Ended; readonly id: string }> {
  const first = await skein.run(...demoRun());
  assert.equal(first.code, 8, told(first));
  assert.doesNotMatch(first.stderr, /changed plan/u);
  const id = /skein approve (\S+)/u.exec(first.stderr)?.[1] ?? '';
  return { met: await skein.run('approve', id), id };
}

describe('a plan that changes on the way', () => {
  it('waits again (exit 8) and says what differs and why; approve ends the mission', async () => {
    const { met, id } = await changedMission();
    assert.equal(met.code, 8, told(met));
    assert.match(met.stderr, /its changed plan waits for approval/u);
    assert.match(
      met.stderr,
      /^changed plan: .*\n {2}why: .*orderTotal.*\n {2}it needs a new answer: /mu,
    );
    assert.match(met.stderr, /^ \+ +\d+ {2}edit/mu);
    assert.match(met.stderr, /^ {2}may also write: scripts\/report\.ts$/mu);
    assert.match(met.stderr, /^ {2}price: 8 files \(\+1\)/mu);
    const waits = await skein.run('why-waiting', id);
    assert.match(waits.stdout, /waits for your answer to its changed plan: skein approve/u);
    const shown = await skein.run('show', id);
    assert.match(shown.stdout, /^changed plan: /mu);
    assert.match(shown.stdout, /^ {5}\d+ {2}edit/mu, 'tasks that stay are shown as well');
    const done = await skein.run('approve', id);
    assert.equal(done.code, 0, told(done));
    assert.match(done.stdout, /^branch skein\//mu);
  });

  it('may be rejected: the mission has ended', async () => {
    const { met, id } = await changedMission();
    assert.equal(met.code, 8, told(met));
    assert.equal((await skein.run('reject', id)).code, 0);
    assert.equal((await skein.run('approve', id)).code, 7);
    assert.match((await skein.run('why-waiting')).stderr, /Nothing waits/u);
  });

  it('is approved by --yes as well: of run, of approve, of resume', async () => {
    const run = await skein.run(...demoRun(), '--yes');
    assert.equal(run.code, 0, told(run));
    assert.match(run.stderr, /^changed plan: /mu);
    const first = await skein.run(...demoRun());
    assert.equal(first.code, 8, told(first));
    const approved = await skein.run('approve', '--yes');
    assert.equal(approved.code, 0, told(approved));
    const { met, id } = await changedMission();
    assert.equal(met.code, 8, told(met));
    const resumed = await skein.run('resume', id, '--yes');
    assert.equal(resumed.code, 0, told(resumed));
  });

  it('is asked about at the terminal', { skip: withoutTerminal() }, async () => {
    const entry = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
    const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    const env = { PATH, HOME: skein.person, SKEIN_HOME: skein.home, XDG_RUNTIME_DIR: skein.person };
    const command = [process.execPath, entry, ...demoRun()];
    const terminal = openTerminal({ command, env, columns: 100, rows: 50 });
    await terminal.saw(/Carry out this plan\? \[y\/N\]\s*$/u);
    terminal.type('y', 'Enter');
    await terminal.saw(/Carry out the changed plan\? \[y\/N\]\s*$/u);
    assert.doesNotMatch(terminal.everything(), /^--- at work/mu, 'no block while it asks');
    terminal.type('y', 'Enter');
    await terminal.saw(/ended with 0/u);
    assert.match(
      terminal.everything(),
      /approved plan \S+ \(terminal\)[^]*approved plan \S+ \(terminal\)/u,
    );
  });
});
