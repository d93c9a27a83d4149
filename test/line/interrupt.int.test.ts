/** Ctrl-C: once stops the mission at a safe point and it can be resumed, twice only leaves. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, WITHOUT_WALLS, told, until, type Running } from '../support/run-skein.ts';

const skein = openHome(WITHOUT_WALLS);

/** A mission whose check waits until its gate is opened. */
function gatedMission(): { running: Running; isAtGate: () => boolean; open: () => void } {
  const { top, folder } = greeterRepository();
  const [at, gate] = [join(folder, 'at'), join(folder, 'gate')];
  const check = `touch ${at}; until test -e ${gate}; do sleep 0.05; done`;
  const running = skein.start(['run', RENAME, '--repo', top, '--yes', '--check', check]);
  return { running, isAtGate: () => existsSync(at), open: () => writeFileSync(gate, '') };
}

async function statusOfLatest(): Promise<string> {
  const { stdout } = await skein.run('missions', '--json');
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { status: string }).status;
}

describe('Ctrl-C while a mission is followed', () => {
  it('once: interrupted at a safe point, exit 130; resume ends it', async () => {
    const { running, isAtGate, open } = gatedMission();
    await until('the check runs', isAtGate);
    running.child.kill('SIGINT');
    const left = await running.ended;
    assert.equal(left.code, 130, told(left));
    assert.match(left.stderr, /Stopping at the next safe point/);
    assert.equal(await statusOfLatest(), 'interrupted');
    open();
    const resumed = await skein.run('resume');
    assert.equal(resumed.code, 0, told(resumed));
    assert.equal(await statusOfLatest(), 'done');
    assert.equal((await skein.run('resume')).code, 7);
  });

  it('while it plans: interrupted all the same, not failed', async () => {
    const { top } = greeterRepository();
    const running = skein.start(['run', RENAME, '--repo', top, '--yes', '--check', 'true']);
    await running.saw(/worktree ready/u);
    running.child.kill('SIGINT');
    const left = await running.ended;
    assert.equal(left.code, 130, told(left));
    assert.equal(await statusOfLatest(), 'interrupted');
    const resumed = await skein.run('resume', '--yes');
    assert.equal(resumed.code, 0, told(resumed));
  });

  it('twice: leaves at once with 130', async () => {
    const stubborn = 'trap "" TERM; touch $GATE; sleep 1.5';
    const { top, folder } = greeterRepository();
    const at = join(folder, 'at');
    const check = stubborn.replace('$GATE', at);
    const running = skein.start(['run', RENAME, '--repo', top, '--yes', '--check', check]);
    await until('the check runs', () => existsSync(at));
    running.child.kill('SIGINT');
    await running.saw(/Ctrl-C again/u);
    await sleep(600); // what comes sooner is the same press, passed on by a launcher
    running.child.kill('SIGINT');
    const left = await running.ended;
    assert.equal(left.code, 130, told(left));
    assert.doesNotMatch(left.stderr, /interrupted:/);
  });

  it('has a twin: without Ctrl-C the same mission ends well', async () => {
    const { running, isAtGate, open } = gatedMission();
    await until('the check runs', isAtGate);
    assert.equal(await statusOfLatest(), 'running');
    open();
    assert.equal((await running.ended).code, 0);
  });
});

describe('stopping the node', () => {
  it('"down" stops a mission at a safe point; who follows is told, resume ends it', async () => {
    const { running, isAtGate, open } = gatedMission();
    await until('the check runs', isAtGate);
    const down = await skein.run('down');
    assert.equal(down.code, 0, told(down));
    const left = await running.ended;
    assert.ok(left.code === 130 || left.code === 75, told(left));
    assert.match(left.stderr, /skein resume/);
    open();
    const resumed = await skein.run('resume');
    assert.equal(resumed.code, 0, told(resumed));
  });
});

describe('skein log --follow', () => {
  it('tells new events as they come, and ends on Ctrl-C', async () => {
    const { running, isAtGate, open } = gatedMission();
    await until('the check runs', isAtGate);
    const log = skein.start(['log', '--follow']);
    await log.saw(/check .* on the untouched base/u);
    open();
    await log.saw(/git commit \S+ made/u);
    log.child.kill('SIGINT');
    assert.equal((await log.ended).code, 130);
    assert.equal((await running.ended).code, 0);
  });
});
