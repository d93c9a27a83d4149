/** Which checks are found where, and how two runs compare. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '#workspace/fixtures/temp-repository.ts';
import { compareChecks } from './check.ts';
import { discoverChecks, type CheckSources } from './discover-checks.ts';
import { newOutputLines } from './output-difference.ts';
import { outputTail } from './output-tail.ts';

const PLACEHOLDER = 'echo "Error: no test specified" && exit 1';

/** A project with these scripts; `programs` are on its PATH. */
function project(
  content: unknown,
  files: readonly string[] = [],
  programs: readonly string[] = [],
) {
  const root = tempFolder();
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const program of programs) {
    writeFileSync(join(bin, program), '#!/bin/sh\n');
    chmodSync(join(bin, program), 0o755);
  }
  for (const file of files) writeFileSync(join(root, file), '');
  if (content !== null) writeFileSync(join(root, 'package.json'), JSON.stringify(content));
  const sources: CheckSources = { root, flags: [], configured: null, path: bin };
  return sources;
}

const commands = (sources: CheckSources): readonly string[] =>
  discoverChecks(sources).map(({ command }) => command);

test('the usual scripts of package.json, in a fixed order, placeholders left out', () => {
  const scripts = { test: 'node --test', build: 'tsc', typecheck: 'tsc', lint: 'eslint .' };
  assert.deepEqual(commands(project({ scripts })), [
    'npm run typecheck',
    'npm run lint',
    'npm run test',
  ]);
  assert.deepEqual(commands(project({ scripts: { test: PLACEHOLDER } })), []);
  assert.deepEqual(commands(project({ scripts: { test: '', lint: 3 } })), []);
  assert.deepEqual(commands(project({})), []);
  assert.deepEqual(commands(project(null)), []);
});

test("the project's package manager runs them when it is there", () => {
  const scripts = { test: 'x' };
  const pnpm = ['pnpm-lock.yaml'];
  assert.deepEqual(commands(project({ scripts }, pnpm, ['pnpm'])), ['pnpm run test']);
  assert.deepEqual(commands(project({ scripts }, pnpm)), ['npm run test']);
  assert.deepEqual(commands(project({ scripts }, ['yarn.lock'], ['yarn'])), ['yarn run test']);
  const named = { scripts, packageManager: 'yarn@4.1.0' };
  assert.deepEqual(commands(project(named, pnpm, ['yarn', 'pnpm'])), ['yarn run test']);
  assert.deepEqual(commands(project({ scripts }, ['package-lock.json'])), ['npm run test']);
});

test('skein.yaml goes before package.json, the flag before both', () => {
  const sources = project({ scripts: { test: 'x', e2e: 'y' } }, [], ['make']);
  const configured = [{ name: 'unit', run: 'make unit' }];
  assert.deepEqual(commands({ ...sources, configured }), ['make unit']);
  assert.deepEqual(commands({ ...sources, configured: [] }), []);
  const flags = ['make all', 'unit', 'e2e', 'make', 'make all'];
  assert.deepEqual(commands({ ...sources, configured, flags }), [
    'make all',
    'make unit',
    'npm run e2e',
    'make',
  ]);
});

test('a flag that is nothing of it is refused with what there is', () => {
  const sources = project({ scripts: { test: 'x' } });
  assert.throws(
    () => discoverChecks({ ...sources, flags: ['tset'] }),
    (error: Error & { fix?: string }) => {
      assert.equal(error.name, 'check-unknown');
      assert.match(error.fix ?? '', /test/u);
      return true;
    },
  );
  assert.throws(() => discoverChecks({ ...sources, flags: [' '] }), { name: 'check-unknown' });
});

test('a broken package.json is refused, one with a BOM is read', () => {
  const sources = project(null);
  writeFileSync(join(sources.root, 'package.json'), '{ "scripts": ');
  assert.throws(() => discoverChecks(sources), { name: 'config-invalid' });
  writeFileSync(join(sources.root, 'package.json'), '\ufeff{"scripts":{"test":"x"}}');
  assert.deepEqual(commands(sources), ['npm run test']);
});

test('two runs are compared by whether they passed', () => {
  const passed = { exitCode: 0, timedOut: false, cancelled: false };
  const failed = { exitCode: 1, timedOut: false, cancelled: false };
  const late = { exitCode: 0, timedOut: true, cancelled: false };
  assert.equal(compareChecks(passed, passed), 'passed');
  assert.equal(compareChecks(failed, failed), 'failed-before-too');
  assert.equal(compareChecks(passed, failed), 'broken');
  assert.equal(compareChecks(failed, passed), 'fixed');
  assert.equal(compareChecks(null, failed), 'broken');
  assert.equal(compareChecks(null, passed), 'passed');
  assert.equal(compareChecks(passed, late), 'broken');
});

test('a pipe in place of a file holds nobody', { skip: process.platform === 'win32' }, () => {
  const root = tempFolder();
  for (const name of ['package.json', 'tsconfig.json']) execFileSync('mkfifo', [join(root, name)]);
  // In a process of its own: who waits for a pipe can't be stopped by a test.
  const script = `
    import { discoverChecks } from '${import.meta.resolve('./discover-checks.ts')}';
    import { readConfig } from '${import.meta.resolve('#workspace/language/project-configs.ts')}';
    const root = ${JSON.stringify(root)};
    const checks = discoverChecks({ root, flags: [], configured: null, path: '' });
    console.log(checks.length, readConfig(root + '/tsconfig.json'));`;
  const args = ['--input-type=module', '--eval', script];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(said, '0 undefined\n');
});

test('a tail keeps whole characters and says what is missing', () => {
  const tail = outputTail(10);
  for (const character of 'aaaaaaaaaaééééé') tail.add(Buffer.from(character));
  assert.equal(tail.totalBytes(), 20);
  assert.equal(tail.text(), '[10 bytes before this are not kept]\nééééé');
  tail.add(Buffer.from('x'));
  assert.equal(tail.text(), '[12 bytes before this are not kept]\nééééx');
  const short = outputTail(10);
  short.add(Buffer.from('0123456789'));
  assert.equal(short.text(), '0123456789');
});

test('the new lines of a check that failed before too', () => {
  const before = 'a.ts(3,1): error TS1\nok in 12 ms\nsame\n';
  assert.deepEqual(newOutputLines(before, 'same\nok in 9 ms\na.ts(4,2): error TS1\n'), []);
  const worse = 'a.ts(3,1): error TS1\nb.ts(3,1): error TS1\nsame\nsame\n\n';
  assert.deepEqual(newOutputLines(before, worse), ['b.ts(3,1): error TS1', 'same']);
  assert.equal(newOutputLines('', 'x\ny\n'.repeat(100)).length, 50);
});
