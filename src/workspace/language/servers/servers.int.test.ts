/**
 * What both servers must never do: stay alive, run code of the repository, see the environment.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SkeinError } from '#protocol/errors.ts';
import type { Engine } from '#workspace/language/language.ts';
import { makeRepository } from '#workspace/language/testing/rename-repository.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import { openServer } from './open-server.ts';
import { startServer } from './server-process.ts';

const ENGINES: readonly Engine[] = ['typescript-7', 'typescript-6'];

function isAlive(pid: number): boolean {
  // A zombie is dead: its parent has only not looked yet.
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

async function waitGone(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 3_000 && isAlive(pid); turn += 1) await sleep(20);
  return !isAlive(pid);
}

const sleeper = (script: string, timeoutMs: number, signal?: AbortSignal) =>
  startServer({
    name: 'a test',
    argv: ['/bin/sh', '-c', script],
    root: '/',
    tools: [],
    host: OPEN_HOST,
    timeoutMs,
    signal,
    memoryMb: 64,
  });

describe('a server process', () => {
  it('is killed with its children on dispose, time-out and abort', async () => {
    for (const end of ['dispose', 'timeout', 'abort'] as const) {
      const abort = new AbortController();
      const server = await sleeper(
        'sleep 100 & echo $! >&2; wait',
        end === 'timeout' ? 300 : 60_000,
        abort.signal,
      );
      const failed = new Promise<Error>((resolve) => server.onEnd(resolve));
      assert.ok(isAlive(server.pid));
      await sleep(50);
      if (end === 'abort') abort.abort();
      if (end === 'dispose') await server.dispose();
      assert.equal((await failed).name, 'language-server-failed');
      assert.ok(await waitGone(server.pid), end);
      const all = spawnSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8' }).stdout;
      const alive = new RegExp(`^\\s*${server.pid}\\s+[^Z\\s]`, 'm');
      assert.doesNotMatch(all, alive, end);
      await server.dispose();
    }
  });

  it('says how it ended, and sees only PATH, LANG and a HOME of its own', async () => {
    const server = await sleeper('env | cut -d= -f1 | sort | tr "\\n" " " >&2; exit 3', 60_000);
    const error = await new Promise<SkeinError>((resolve) => server.onEnd(resolve));
    assert.match(error.message, /it ended \(exit 3\)/);
    await server.dispose();
    const seen = String(error.details?.['stderr'] ?? '')
      .trim()
      .split(/\s+/);
    assert.deepEqual(
      seen.filter((name) => !['_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name)),
      ['GOMEMLIMIT', 'HOME', 'LANG', 'PATH', 'TMPDIR'],
    );
  });
});

for (const engine of ENGINES) {
  describe(`the server of ${engine}`, () => {
    it('answers, and does not run a plugin of the repository', async () => {
      const options = { compilerOptions: { strict: true, types: [], plugins: [{ name: 'evil' }] } };
      const repository = makeRepository({
        'package.json': '{"type":"module"}',
        'tsconfig.json': JSON.stringify(options),
        'a.ts': 'export const a: string = 1;\nexport const b = a;\n',
        'node_modules/evil/package.json': '{"name":"evil","main":"index.js"}',
        'node_modules/evil/index.js':
          "require('node:fs').writeFileSync(__dirname + '/ran', '1');\nmodule.exports = () => ({ create: (i) => i.languageService });\n",
      });
      try {
        const control = spawnSync(process.execPath, ['-e', "require('evil')"], {
          cwd: repository.root,
        });
        assert.equal(control.status, 0);
        assert.equal(repository.read('node_modules/evil/ran'), '1');
        spawnSync('rm', [path.join(repository.root, 'node_modules/evil/ran')]);
        const server = await openServer(engine, {
          root: repository.root,
          host: OPEN_HOST,
          timeoutMs: 60_000,
        });
        const file = path.join(repository.root, 'a.ts');
        server.open(file, repository.read('a.ts'));
        const definition = await server.definition(file, { line: 1, character: 17 });
        assert.deepEqual(
          definition.map((at) => at.start),
          [{ line: 0, character: 13 }],
        );
        const errors = await server.diagnostics(file);
        assert.deepEqual(
          errors.map((each) => [each.line, each.column, each.code]),
          [[1, 14, 2322]],
        );
        server.change(file, 'export const a: string = "";\n');
        assert.deepEqual(await server.diagnostics(file), []);
        await server.dispose();
        await assert.rejects(server.definition(file, { line: 0, character: 0 }), {
          name: 'language-server-failed',
        });
        assert.throws(() => repository.read('node_modules/evil/ran'), /ENOENT/);
      } finally {
        repository.dispose();
      }
    });
  });
}
