/**
 * Every program of a rename and of its judgement is started by the host that was handed in, with the
 * worktree to be read and nothing of it to be written; where that host has no walls left, none is.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { ProgramHost, ProgramStart } from '#workspace/programs/program-host.ts';
import { diagnoseChange } from './diagnose-change.ts';
import { runCompiler } from './run-compiler.ts';
import { nativeCompilerPath } from './servers/native-server.ts';
import { makeRepository, planIn, type TestRepository } from './testing/rename-repository.ts';

/** Without options of its own it is for TypeScript 7; `baseUrl` takes it to TypeScript 6. */
const configOf = (options: object): string =>
  JSON.stringify({ compilerOptions: { types: [], module: 'nodenext', ...options } });

const filesOf = (options: object): Record<string, string> => ({
  'package.json': '{"type":"module"}',
  'tsconfig.json': configOf(options),
  'a.ts': 'export const a = 1;\n',
  'b.ts': "import { a } from './a.js';\nexport const b: number = a;\n",
});

const OPTIONS = {
  'typescript-7': {},
  'typescript-6': { baseUrl: '.', ignoreDeprecations: '6.0' },
};

const refusing = (rejects: boolean): ProgramHost => {
  const refusal = new SkeinError('sandbox-failed', 'Cannot start a jail: no walls');
  return {
    enclosure: null,
    start: async () => {
      if (rejects) throw refusal;
      const ended = Promise.reject(refusal);
      ended.catch(() => undefined);
      const streams = { stdin: null, stdout: null, stderr: null };
      return { pid: undefined, ...streams, ended, end: async () => undefined };
    },
  };
};

for (const [engine, options] of Object.entries(OPTIONS)) {
  describe(`the programs of a rename with ${engine}`, () => {
    let repository: TestRepository;
    beforeEach(() => {
      repository = makeRepository(filesOf(options));
    });
    afterEach(() => repository.dispose());

    const judge = async (host: ProgramHost): Promise<void> => {
      const { root, files } = repository;
      const edits = [{ path: 'a.ts', after: Buffer.from('export const a = "";\n') }];
      const found = await diagnoseChange({ root, files, edits, host });
      assert.deepEqual(
        found.map(({ path, code }) => [path, code]),
        [['b.ts', 2322]],
      );
    };

    it('are started by the host, to read the worktree and no more', async () => {
      const starts: ProgramStart[] = [];
      const host: ProgramHost = {
        ...OPEN_HOST,
        start: (start) => {
          starts.push(start);
          return OPEN_HOST.start(start);
        },
      };
      const plan = await planIn(repository, 'a', 'z', { host });
      assert.ok(plan.type === 'planned');
      assert.equal(plan.engine, engine);
      const planned = starts.length;
      await judge(host);
      // For each: which engine, the server, which files.
      assert.ok(planned >= 3 && starts.length >= 2 * planned, `${planned} of ${starts.length}`);
      const root = fs.realpathSync(repository.root);
      for (const start of starts) {
        assert.deepEqual([start.root, start.access], [root, 'read']);
        assert.equal(start.scratch.length, 1);
        const [home = ''] = start.scratch;
        assert.equal(start.environment['HOME'], home);
        assert.match(home, /\/skein-[^/]+(?:\/projects-[^/]+)?$/u);
        assert.ok(!fs.existsSync(home), 'it is gone');
        assert.notDeepEqual(start.tools ?? [], []);
        assert.equal(start.network, undefined);
      }
    });

    it('are not started at all when the host refuses', async () => {
      for (const rejects of [true, false]) {
        const host = refusing(rejects);
        await assert.rejects(planIn(repository, 'a', 'z', { host }), { name: 'sandbox-failed' });
        await assert.rejects(judge(host), { name: 'sandbox-failed' });
      }
    });
  });
}

describe('a server', () => {
  it('is not started when the host refuses, where no compiler is asked before it', async () => {
    const repository = makeRepository({ 'a.ts': 'export const a = 1;\n' });
    try {
      for (const rejects of [true, false]) {
        const plan = planIn(repository, 'a', 'z', { host: refusing(rejects) });
        await assert.rejects(plan, { name: 'sandbox-failed' });
      }
    } finally {
      repository.dispose();
    }
  });
});

describe('a compiler', () => {
  it('answers for each project in order, however many share a start', async () => {
    const count = 9;
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, at): [string, string][] => [
        [`it's ${at}/tsconfig.json`, at === 4 ? '{ "files": [] }' : '{}'],
        [`it's ${at}/only-${at}.ts`, 'export {};\n'],
      ]).flat(),
    );
    const repository = makeRepository(files);
    const home = fs.mkdtempSync(`${repository.root}-home-`);
    try {
      const root = fs.realpathSync(repository.root);
      const argv = [nativeCompilerPath(), '--showConfig', '-p'];
      const projects = Array.from({ length: count }, (_, at) => `${root}/it's ${at}`);
      const run = { host: OPEN_HOST, root, argv, tools: [], home };
      const answers = await runCompiler(run, projects);
      assert.deepEqual(
        answers.map((answer) => /only-\d/u.exec(answer)?.[0]),
        projects.map((_, at) => (at === 4 ? undefined : `only-${at}`)),
      );
      const absent = { ...run, argv: [`${root}/no-such-compiler`] };
      await assert.rejects(runCompiler(absent, projects), { name: 'language-server-failed' });
      const killed = { ...run, argv: ['/bin/sh', '-c', 'kill -KILL $$'] };
      await assert.rejects(runCompiler(killed, projects), { name: 'language-server-failed' });
      assert.deepEqual(await runCompiler(run, []), []);
    } finally {
      fs.rmSync(home, { recursive: true });
      repository.dispose();
    }
  });
});
