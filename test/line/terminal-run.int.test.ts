/** "skein run" as a person at a terminal has it: the live block, the question, Ctrl-C. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, WITHOUT_WALLS, until } from '../support/run-skein.ts';
import { openTerminal, withoutTerminal, type Terminal } from '../support/terminal.ts';

const skip = withoutTerminal();
const ENTRY = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
const skein = openHome(WITHOUT_WALLS);
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

/** A mission in a terminal of 80 columns, whose check waits until its gate is opened. */
function runHere(
  ...flags: readonly string[]
): Terminal & { isAtGate: () => boolean; open: () => void } {
  const { top, folder } = greeterRepository();
  const [at, gate] = [join(folder, 'at'), join(folder, 'gate')];
  const check = `touch ${at}; until test -e ${gate}; do sleep 0.05; done`;
  const command = [
    process.execPath,
    ENTRY,
    'run',
    RENAME,
    '--repo',
    top,
    '--check',
    check,
    ...flags,
  ];
  const { home, person } = skein;
  const env = {
    PATH,
    HOME: person,
    SKEIN_HOME: home,
    XDG_RUNTIME_DIR: person,
    SKEIN_SANDBOX: 'off',
  };
  return {
    ...openTerminal({ command, env, columns: 80, rows: 40 }),
    isAtGate: () => existsSync(at),
    open: () => writeFileSync(gate, ''),
  };
}

const BLOCK = /^--- at work, \d of \d tasks? done/mu;

async function latestStatus(): Promise<string> {
  const { stdout } = await skein.run('missions', '--json');
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { status: string }).status;
}

describe('skein run at a terminal', { skip }, () => {
  it('asks, then shows who is at work below the story, and leaves the story alone', async () => {
    const terminal = runHere();
    await terminal.saw(/Carry out this plan\? \[y\/N\]\s*$/u);
    assert.doesNotMatch(terminal.everything(), /^--- /mu, 'no block while it asks');
    assert.match(terminal.everything(), /^ {2}price: \d files?, \d changes?, /mu);
    terminal.type('y', 'Enter');
    await until('the check runs', terminal.isAtGate);
    await terminal.saw(BLOCK);
    await terminal.saw(/^runner-1 {3}task \d {2}check /mu);
    terminal.open();
    await terminal.saw(/^branch skein\/[^]*ended with 0/mu);
    assert.doesNotMatch(terminal.everything(), /^--- /mu);
    assert.equal(terminal.variable('cursor_flag'), '1');
    assert.equal(await latestStatus(), 'done');
  });

  it('takes no answer that was typed before the plan was there', async () => {
    const terminal = runHere();
    terminal.type('y', 'Enter', 'y', 'Enter');
    await terminal.saw(/Carry out this plan\? \[y\/N\]\s*$/u);
    terminal.type('n', 'Enter');
    await terminal.saw(/ended with 1/u);
    assert.equal(await latestStatus(), 'rejected');
  });

  it('Ctrl-C at the question leaves the plan waiting; while it works, it stops at a safe point', async () => {
    const asked = runHere();
    await asked.saw(/Carry out this plan\? \[y\/N\]\s*$/u);
    asked.type('C-c');
    await asked.saw(/you left; its plan[^]*ended with 130/u);
    assert.equal(await latestStatus(), 'waiting');
    const working = runHere('--yes');
    await until('the check runs', working.isAtGate);
    await working.saw(BLOCK);
    working.type('C-c');
    await working.saw(/Stopping at the next safe point[^]*ended with 130/u);
    assert.doesNotMatch(working.everything(), /^--- /mu);
    assert.equal(await latestStatus(), 'interrupted');
  });

  it('--plain tells the same story without a block', async () => {
    const terminal = runHere('--yes', '--plain');
    await until('the check runs', terminal.isAtGate);
    await terminal.saw(/agent:runner-1 takes task \d\s*$/u);
    assert.doesNotMatch(terminal.everything(), /^--- /mu);
    terminal.open();
    await terminal.saw(/ended with 0/u);
  });
});
