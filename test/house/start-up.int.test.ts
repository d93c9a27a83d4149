/**
 * What a command costs before it does anything is the modules it loads: each is about 1.5 ms here,
 * on top of Node's own 25 ms. A count does not depend on the machine, so it can be a test.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './source-files.ts';

const RECORDER = `
import { registerHooks } from 'node:module';
const urls = [];
registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
process.on('exit', () => process.stderr.write(JSON.stringify(urls)));
`;

/** The files of ours that a command loads, relative to the project, and what it prints. */
function loadedBy(...args: readonly string[]): { files: string[]; stdout: string } {
  const recorder = `data:text/javascript,${encodeURIComponent(RECORDER)}`;
  const command = ['--import', recorder, path.join(ROOT, 'bin/skein.js'), ...args];
  const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  const files = (JSON.parse(stderr) as string[])
    .filter((url) => url.startsWith('file:'))
    .map((url) => path.relative(ROOT, new URL(url).pathname));
  return { files: files.filter((file) => !file.startsWith('bin/')), stdout };
}

describe('skein help', () => {
  it('loads at most three modules, and no package', () => {
    const { files, stdout } = loadedBy('help');
    assert.match(stdout, /skein demo/);
    assert.ok(files.includes('src/cli/main.ts'), 'the recorder sees what is loaded');
    assert.ok(files.length <= 3, `it loads ${files.join(', ')}`);
    assert.deepEqual(
      files.filter((file) => file.includes('node_modules')),
      [],
    );
  });
});
