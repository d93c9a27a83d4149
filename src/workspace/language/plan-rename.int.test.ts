/** Files as bytes, choices of a person, and what is said about the engine. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { makeRepository, planIn } from '#workspace/language/testing/rename-repository.ts';

const code = 'export const a = 1;\n';

describe('planRename on files', () => {
  it('gives hashes of the bytes, and writes nothing', async () => {
    const repository = makeRepository({ 'package.json': '{}', 'x.js': `\uFEFF${code}` });
    try {
      const before = fs.readFileSync(path.join(repository.root, 'x.js'));
      const plan = await planIn(repository, 'a', 'b');
      assert.equal(plan.type, 'planned');
      if (plan.type !== 'planned') return;
      const [edit] = plan.edits;
      assert.deepEqual(edit && { ...edit, after: edit.after.toString() }, {
        path: 'x.js',
        baseHash: sha256(before),
        afterHash: sha256(Buffer.from('\uFEFFexport const b = 1;\n')),
        after: '\uFEFFexport const b = 1;\n',
        changes: 1,
        lines: [1],
      });
      assert.deepEqual(fs.readFileSync(path.join(repository.root, 'x.js')), before);
      assert.deepEqual(fs.readdirSync(repository.root).sort(), ['package.json', 'x.js']);
    } finally {
      repository.dispose();
    }
  });

  it('refuses a file with the name that is not UTF-8, unless the name is not in it', async () => {
    for (const [text, refused] of [
      ['a', true],
      ['x', false],
    ] as const) {
      const bytes = Buffer.concat([
        Buffer.from(`// \u0000`.slice(0, 3)),
        Buffer.from([0xe4, 0x0a]),
      ]);
      const foreign = Buffer.concat([bytes, Buffer.from(`export const ${text}1 = ${text};\n`)]);
      const repository = makeRepository({ 'package.json': '{}', 'x.js': code, 'y.js': foreign });
      try {
        const plan = planIn(repository, 'a', 'b');
        if (refused)
          await assert.rejects(plan, { name: 'rename-refused', message: /y\.js is not UTF-8/ });
        else assert.equal((await plan).type, 'planned');
      } finally {
        repository.dispose();
      }
    }
  });

  it('refuses a huge source file with the name, and not one without', async () => {
    for (const name of ['a', 'other']) {
      const huge = `const ${name} = 1;\n${'// filler\n'.repeat(250_000)}`;
      const repository = makeRepository({ 'package.json': '{}', 'x.js': code, 'huge.js': huge });
      try {
        const plan = planIn(repository, 'a', 'b');
        if (name === 'a')
          await assert.rejects(plan, { name: 'rename-refused', message: /huge\.js/ });
        else assert.equal((await plan).type, 'planned');
      } finally {
        repository.dispose();
      }
    }
  });

  it('edits what a tracked link leads to once, by its own name', async () => {
    const repository = makeRepository(
      { 'package.json': '{}', 'x.js': code },
      { 'link.js': 'x.js' },
    );
    try {
      const files = [...repository.files, 'link.js'];
      const plan = await planIn(repository, 'a', 'b', { files });
      assert.deepEqual(plan.type === 'planned' && plan.edits.map((edit) => edit.path), ['x.js']);
    } finally {
      repository.dispose();
    }
  });

  it('fails and leaves no process when it is cancelled or out of time', async () => {
    const repository = makeRepository({ 'package.json': '{}', 'x.js': code });
    try {
      const cancelled = planIn(repository, 'a', 'b', { signal: AbortSignal.abort() });
      await assert.rejects(cancelled, { name: 'language-server-failed', message: /cancelled/ });
      const late = planIn(repository, 'a', 'b', { timeoutMs: 1 });
      await assert.rejects(late, { name: 'language-server-failed', message: /within 1 ms/ });
    } finally {
      repository.dispose();
    }
  });

  it('says so when neither compiler understands the configuration', async () => {
    const config = '{"compilerOptions":{"target":"es3"}}';
    const contents = { 'package.json': '{}', 'x.ts': code };
    const bad = makeRepository({ ...contents, 'tsconfig.json': config });
    const good = makeRepository({ ...contents, 'tsconfig.json': '{"compilerOptions":{}}' });
    try {
      await assert.rejects(planIn(bad, 'a', 'b'), {
        name: 'language-unsupported',
        message: /neither TypeScript 7 nor 6 understands tsconfig\.json/,
      });
      assert.equal((await planIn(good, 'a', 'b')).type, 'planned');
    } finally {
      bad.dispose();
      good.dispose();
    }
  });
});
