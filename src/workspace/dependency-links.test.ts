/** Installed dependencies in a worktree, in the layouts of npm, pnpm and yarn. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { planDependencyLinks, type DependencyPlan } from './dependency-links.ts';
import { openTemp, tempRepository, type TempRepository } from './fixtures/temp-repository.ts';
import { openRepository } from './git/open-repository.ts';
import { addWorktree, prepareWorktree, removeWorktree } from './git/worktree.ts';
import { makeDependencyLinks, probeDependencyLinks, type DependencyReport } from './make-links.ts';

const WORKSPACE = {
  '.gitignore': 'node_modules\n',
  'package.json': '{ "workspaces": ["packages/*"] }',
  'packages/a/package.json': '{ "name": "@acme/a", "main": "index.js" }',
  'packages/a/index.js': 'module.exports = "old";\n',
  'packages/a/cli.js': '#!/usr/bin/env node\nconsole.log(require("@acme/a"));\n',
  'packages/b/package.json': '{ "name": "@acme/b", "main": "index.js" }',
  'packages/b/index.js':
    'module.exports = [require("@acme/a"), require("dep"), require("@x/y")];\n',
};

const DEPENDENCIES = {
  'dep/index.js': 'module.exports = "dep";\n',
  '@x/y/index.js': 'module.exports = "xy";\n',
};

function link(temp: TempRepository, path: string, target: string): void {
  mkdirSync(dirname(join(temp.top, path)), { recursive: true });
  symlinkSync(target, join(temp.top, path));
}

interface Linked {
  readonly path: string;
  readonly plan: DependencyPlan;
  readonly report: DependencyReport;
  readonly remove: () => Promise<void>;
}

async function linkedWorktree({ top, folder }: TempRepository): Promise<Linked> {
  const repository = await openRepository(top);
  const request = { path: join(folder, 'work/m1'), commit: repository.head, reason: 'm1' };
  const { path } = prepareWorktree(repository, request);
  await addWorktree(repository, { ...request, path });
  const plan = await planDependencyLinks(top, path);
  const report = makeDependencyLinks(plan);
  return { path, plan, report, remove: () => removeWorktree(repository, path) };
}

/** What `file` prints, run by this Node in the worktree. */
const runIn = (cwd: string, file: string): string =>
  execFileSync(process.execPath, [file], { cwd, encoding: 'utf8' }).trim();

const print = (expression: string): string => `console.log(JSON.stringify(${expression}));\n`;

test('npm: packages of the workspace are those of the worktree, the rest is linked', async () => {
  const temp = tempRepository(WORKSPACE);
  for (const [path, text] of Object.entries(DEPENDENCIES)) temp.write(`node_modules/${path}`, text);
  link(temp, 'node_modules/@acme/a', '../../packages/a');
  link(temp, 'node_modules/@acme/b', '../../packages/b');
  link(temp, 'node_modules/.bin/a-cli', '../@acme/a/cli.js');
  link(temp, 'node_modules/.bin/dep', '../dep/index.js');
  temp.write('node_modules/.cache/tool/x', '');
  temp.write('node_modules/.package-lock.json', '{}');
  temp.write('packages/b/node_modules/dep/index.js', 'module.exports = "nested";\n');
  const { path, report, plan } = await linkedWorktree(temp);
  assert.deepEqual(report.folders, ['node_modules', 'packages/b/node_modules']);
  assert.deepEqual(report.packages, [
    { path: 'node_modules/@acme/a', target: '../../packages/a' },
    { path: 'node_modules/@acme/b', target: '../../packages/b' },
  ]);
  assert.deepEqual(report.skipped.map((each) => each.path).toSorted(), [
    'node_modules/.cache',
    'node_modules/.package-lock.json',
  ]);
  assert.equal(probeDependencyLinks(plan), 'done');
  writeFileSync(join(path, 'packages/a/index.js'), 'module.exports = "new";\n');
  writeFileSync(join(path, 'try.js'), print('require("@acme/b")'));
  assert.equal(runIn(path, 'try.js'), '["new","nested","xy"]');
  assert.equal(runIn(path, 'node_modules/.bin/a-cli'), 'new');
  assert.equal(
    readFileSync(join(temp.top, 'packages/a/index.js'), 'utf8'),
    'module.exports = "old";\n',
  );
  // what a tool caches stays in the worktree
  mkdirSync(join(path, 'node_modules/.cache/tool'), { recursive: true });
  writeFileSync(join(path, 'node_modules/.cache/tool/x'), 'warm');
  assert.equal(readFileSync(join(temp.top, 'node_modules/.cache/tool/x'), 'utf8'), '');
  assert.equal(lstatSync(join(path, 'node_modules')).isDirectory(), true);
});

test('one link to the whole folder would run the unedited package (the twin)', async () => {
  const temp = tempRepository(WORKSPACE);
  link(temp, 'node_modules/@acme/a', '../../packages/a');
  const { path } = await linkedWorktree(temp);
  writeFileSync(join(path, 'packages/a/index.js'), 'module.exports = "new";\n');
  writeFileSync(join(path, 'try.js'), print('require("@acme/a")'));
  assert.equal(runIn(path, 'try.js'), '"new"');
  const twin = join(temp.folder, 'twin');
  openTemp(temp.folder, temp.top).git('worktree', 'add', '--quiet', '--detach', twin);
  symlinkSync(join(temp.top, 'node_modules'), join(twin, 'node_modules'));
  writeFileSync(join(twin, 'packages/a/index.js'), 'module.exports = "new";\n');
  writeFileSync(join(twin, 'try.js'), print('require("@acme/a")'));
  assert.equal(runIn(twin, 'try.js'), '"old"');
});

test('pnpm: the store is linked, packages are those of the worktree, shims lead there', async () => {
  const temp = tempRepository(WORKSPACE);
  const store = 'node_modules/.pnpm';
  temp.write(`${store}/dep@1/node_modules/dep/index.js`, 'module.exports = require("inner");\n');
  temp.write(`${store}/inner@1/node_modules/inner/index.js`, 'module.exports = "inner";\n');
  temp.write(`${store}/y@1/node_modules/@x/y/index.js`, 'module.exports = "xy";\n');
  link(temp, `${store}/dep@1/node_modules/inner`, '../../inner@1/node_modules/inner');
  link(temp, 'packages/b/node_modules/@acme/a', '../../../a');
  link(temp, 'packages/b/node_modules/dep', '../../../node_modules/.pnpm/dep@1/node_modules/dep');
  link(temp, 'packages/b/node_modules/@x/y', `../../../../${store}/y@1/node_modules/@x/y`);
  const shim = `#!/bin/sh\nexport NODE_PATH="${temp.top}/node_modules/.pnpm/node_modules"\necho "$NODE_PATH"\n`;
  temp.write('packages/b/node_modules/.bin/dep', shim, 0o755);
  temp.write('node_modules/.modules.yaml', '');
  const { path, report } = await linkedWorktree(temp);
  assert.equal(report.shims, 1);
  writeFileSync(join(path, 'packages/a/index.js'), 'module.exports = "new";\n');
  writeFileSync(join(path, 'packages/b/try.js'), print('require("./index.js")'));
  assert.equal(runIn(path, 'packages/b/try.js'), '["new","inner","xy"]');
  const out = execFileSync(join(path, 'packages/b/node_modules/.bin/dep'), { encoding: 'utf8' });
  assert.equal(out.trim(), `${path}/node_modules/.pnpm/node_modules`);
  assert.equal(realpathSync(join(path, store)), join(temp.top, store));
});

test('links that lead outside, nowhere, or to what is not committed', async () => {
  const temp = tempRepository(WORKSPACE);
  mkdirSync(join(temp.folder, 'elsewhere'));
  writeFileSync(join(temp.folder, 'elsewhere/index.js'), 'module.exports = "elsewhere";\n');
  link(temp, 'node_modules/outside', '../../elsewhere');
  link(temp, 'node_modules/absolute', join(temp.top, 'packages/a'));
  link(temp, 'node_modules/broken', '../nowhere');
  temp.write('packages/new/index.js', 'module.exports = "uncommitted";\n');
  link(temp, 'node_modules/new', '../packages/new');
  temp.write('packages/new/node_modules/x/index.js', '');
  const { path, report } = await linkedWorktree(temp);
  assert.equal(readlinkSync(join(path, 'node_modules/outside')), join(temp.folder, 'elsewhere'));
  assert.equal(readlinkSync(join(path, 'node_modules/absolute')), '../packages/a');
  assert.equal(existsSync(join(path, 'node_modules/broken')), false);
  assert.equal(readlinkSync(join(path, 'node_modules/new')), join(temp.top, 'packages/new'));
  assert.deepEqual(report.skipped.map((each) => each.path).toSorted(), [
    'node_modules/broken',
    'node_modules/new',
  ]);
});

test('tracked entries are kept; node_modules that is a link itself becomes a folder', async () => {
  const temp = tempRepository({ 'node_modules/kept/index.js': '1', 'package.json': '{}' });
  temp.write('.git/info/exclude', 'node_modules\n');
  temp.write('node_modules/more/index.js', '');
  const { path } = await linkedWorktree(temp);
  assert.equal(lstatSync(join(path, 'node_modules/kept')).isDirectory(), true);
  assert.equal(readlinkSync(join(path, 'node_modules/more')), join(temp.top, 'node_modules/more'));
  const other = tempRepository({ '.gitignore': 'node_modules\n' });
  mkdirSync(join(other.folder, 'store/dep'), { recursive: true });
  link(other, 'node_modules', '../store');
  const linked = await linkedWorktree(other);
  assert.equal(lstatSync(join(linked.path, 'node_modules')).isSymbolicLink(), false);
  assert.equal(
    readlinkSync(join(linked.path, 'node_modules/dep')),
    join(other.folder, 'store/dep'),
  );
});

test('a folder that the worktree has as a link is not entered', async () => {
  const temp = tempRepository({ '.gitignore': 'node_modules\n', 'packages/a/x': '' });
  temp.write('packages/a/node_modules/dep/index.js', '');
  const { path, plan } = await linkedWorktree(temp);
  execFileSync('rm', ['-rf', join(path, 'packages/a')]);
  mkdirSync(join(temp.folder, 'trap'));
  symlinkSync(join(temp.folder, 'trap'), join(path, 'packages/a'));
  assert.equal(probeDependencyLinks(plan), 'not-done');
  assert.throws(() => makeDependencyLinks(plan), { name: 'workspace-failed' });
  assert.equal(existsSync(join(temp.folder, 'trap/node_modules')), false);
});

test('making it again after half of it finishes it, with the same report', async () => {
  const temp = tempRepository(WORKSPACE);
  for (const [path, text] of Object.entries(DEPENDENCIES)) temp.write(`node_modules/${path}`, text);
  link(temp, 'node_modules/@acme/a', '../../packages/a');
  const { path, report } = await linkedWorktree(temp);
  execFileSync('rm', ['-rf', join(path, 'node_modules/@x'), join(path, 'node_modules/dep')]);
  const again = await planDependencyLinks(temp.top, path);
  assert.equal(probeDependencyLinks(again), 'not-done');
  assert.deepEqual(makeDependencyLinks(again), report);
  assert.equal(probeDependencyLinks(again), 'done');
});

test('folders above the repository count, where it has nothing of its own', async () => {
  const temp = tempRepository(WORKSPACE);
  temp.write('node_modules/dep/index.js', 'module.exports = "near";\n');
  for (const [path, text] of Object.entries(DEPENDENCIES))
    temp.write(`../node_modules/${path}`, text);
  link(temp, '../node_modules/@acme/a', '../../repository/packages/a');
  temp.write('../node_modules/.bin/tool', '#!/bin/sh\n', 0o755);
  const { path, plan } = await linkedWorktree(temp);
  assert.equal(new Set(plan.entries.map((entry) => entry.path)).size, plan.entries.length);
  writeFileSync(join(path, 'packages/a/index.js'), 'module.exports = "new";\n');
  assert.equal(existsSync(join(path, 'node_modules/.bin/tool')), true);
  writeFileSync(join(path, 'try.js'), print('require("./packages/b")'));
  assert.equal(runIn(path, 'try.js'), '["new","near","xy"]');
});

test('yarn: its state files are copied with its node-modules linker only', async () => {
  const temp = tempRepository({ '.gitignore': 'node_modules\n.yarn\n', 'package.json': '{}' });
  temp.write('.yarn/install-state.gz', 'state');
  temp.write('node_modules/dep/index.js', '');
  const without = await linkedWorktree(temp);
  assert.equal(existsSync(join(without.path, '.yarn')), false);
  assert.match(without.report.warnings.join(), /yarn install/u);
  await without.remove();
  temp.write('node_modules/.yarn-state.yml', 'state');
  const { path, report } = await linkedWorktree(temp);
  assert.equal(readFileSync(join(path, '.yarn/install-state.gz'), 'utf8'), 'state');
  assert.equal(lstatSync(join(path, 'node_modules/.yarn-state.yml')).isFile(), true);
  assert.deepEqual(report.warnings, []);
});

test('a package whose build is not committed, and no dependencies at all, are said', async () => {
  const temp = tempRepository({
    ...WORKSPACE,
    'packages/a/package.json':
      '{ "name": "@acme/a", "exports": { ".": { "import": "./dist/index.js" }, "./*": "./src/*" } }',
  });
  const bare = await linkedWorktree(temp);
  assert.match(bare.report.warnings.join(), /No node_modules/u);
  await bare.remove();
  link(temp, 'node_modules/@acme/a', '../../packages/a');
  const built = await linkedWorktree(temp);
  assert.match(
    built.report.warnings.join(),
    /@acme\/a is loaded from packages\/a\/dist\/index\.js/u,
  );
  await built.remove();
  temp.write('packages/a/dist/index.js', '');
  temp.commit();
  assert.deepEqual((await linkedWorktree(temp)).report.warnings, []);
});
