/** The repositories of examples/ work as they are: their own type check, their own tests. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from './source-files.ts';

const MODULES = path.join(ROOT, 'node_modules');

describe('examples/orders', () => {
  let folder: string;
  const run = (...args: readonly string[]): { status: number | null; output: string } => {
    // A test runner that finds itself inside another one reports in the other's own format.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };
  const typecheck = (): { status: number | null; output: string } =>
    run(path.join(MODULES, 'typescript/bin/tsc'), '-p', '.');

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-orders-'));
    fs.cpSync(path.join(ROOT, 'examples/orders'), folder, {
      recursive: true,
      filter: (source) => path.basename(source) !== 'node_modules',
    });
    fs.mkdirSync(path.join(folder, 'node_modules/@orders'), { recursive: true });
    for (const name of fs.readdirSync(path.join(folder, 'packages'))) {
      const link = path.join(folder, 'node_modules/@orders', name);
      fs.symlinkSync(`../../packages/${name}`, link);
    }
    fs.symlinkSync(path.join(MODULES, '@types'), path.join(folder, 'node_modules/@types'));
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  it('passes its own type check and tests, and prints its report', () => {
    assert.deepEqual(typecheck(), { status: 0, output: '' });
    const tests = run('--test');
    assert.equal(tests.status, 0, tests.output);
    assert.match(tests.output, /^(ℹ|#) pass 6$/m);
    assert.match(run('scripts/report.ts').output, /^total: 150\.00 EUR$/m);
  });

  it('has a report with another orderTotal, which a renamed total has to go by an alias', () => {
    const files = [
      'scripts/report.ts',
      'packages/pricing/src/total.ts',
      'packages/pricing/src/index.ts',
    ];
    const [report = '', ...pricing] = files.map((file) => path.join(folder, file));
    const texts = new Map(
      [report, ...pricing].map((file) => [file, fs.readFileSync(file, 'utf8')]),
    );
    const replaceFirst = (file: string, by: string): void =>
      fs.writeFileSync(file, (texts.get(file) ?? '').replace(/(?<=\{.*|function )\btotal\b/, by));
    const { output } = run('scripts/report.ts');
    for (const file of pricing) replaceFirst(file, 'orderTotal');
    replaceFirst(report, 'orderTotal as total');
    assert.deepEqual(run('scripts/report.ts'), { status: 0, output });
    // The plain rename of the import is a redeclaration.
    replaceFirst(report, 'orderTotal');
    assert.match(run('scripts/report.ts').output, /'orderTotal' has already been declared/);
    for (const [file, text] of texts) fs.writeFileSync(file, text);
  });

  it('fails both when one use of a renamed function is forgotten', () => {
    const file = path.join(folder, 'packages/pricing/src/total.ts');
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replace('function total', 'function orderTotal'));
    assert.notEqual(typecheck().status, 0);
    assert.notEqual(run('--test').status, 0);
    assert.notEqual(run('scripts/report.ts').status, 0);
  });
});
