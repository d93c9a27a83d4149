/** Files as bytes, choices of a person, aliases, and what is said about the engine. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import type { RenameRequest } from '#workspace/language/language.ts';
import { parseSource } from '#workspace/language/syntax/parse-source.ts';
import {
  type Planned,
  type TestRepository,
  makeRepository,
  planIn,
} from '#workspace/language/testing/rename-repository.ts';

const code = 'export const a = 1;\n';

describe('planRename on files', () => {
  it('gives hashes of the bytes, and writes nothing', async () => {
    const repository = makeRepository({ 'package.json': '{}', 'x.js': `\uFEFF${code}` });
    try {
      const bytes = fs.readFileSync(path.join(repository.root, 'x.js'));
      const plan = await planIn(repository, 'a', 'b');
      assert.equal(plan.type, 'planned');
      if (plan.type !== 'planned') return;
      const [edit] = plan.edits;
      assert.deepEqual(edit && { ...edit, after: edit.after.toString() }, {
        path: 'x.js',
        baseHash: sha256(bytes),
        afterHash: sha256(Buffer.from('\uFEFFexport const b = 1;\n')),
        after: '\uFEFFexport const b = 1;\n',
        changes: 1,
        lines: [1],
      });
      assert.deepEqual(fs.readFileSync(path.join(repository.root, 'x.js')), bytes);
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

const TWO_TAKEN = {
  'package.json': '{"type":"module"}',
  'a.js': 'export const a = 1;\n',
  'b.js': "import { a } from './a.js';\nexport const b = a + a;\n",
  'c.js': "import { a } from './a.js';\nconst f = (b) => a + b;\nexport const x = f(a);\n",
  'd.js': "import { a } from './a.js';\nexport const y = a;\n",
};

describe('planRename with aliases', () => {
  let repository: TestRepository;
  before(() => (repository = makeRepository(TWO_TAKEN)));
  after(() => repository.dispose());
  const plan = async (options: Partial<RenameRequest> = {}): Promise<Planned> => {
    const outcome = await planIn(repository, 'a', 'b', options);
    assert.ok(outcome.type === 'planned');
    return outcome;
  };
  const pathsOf = (edits: readonly { readonly path: string }[]): string[] =>
    edits.map(({ path: file }) => file);

  it('tells each use of an open file, the import first, and lists none of them', async () => {
    const { open, listed, edits } = await plan();
    assert.deepEqual(pathsOf(edits), ['a.js', 'd.js']);
    assert.deepEqual(open[0]?.places, [
      { path: 'b.js', line: 1, column: 10, preview: "import { a } from './a.js';" },
      { path: 'b.js', line: 2, column: 18, preview: 'export const b = a + a;' },
      { path: 'b.js', line: 2, column: 22, preview: 'export const b = a + a;' },
    ]);
    assert.deepEqual(new Set(listed.map((each) => each.class)), new Set(['string']));
  });

  it('gives the plain edit only where a parser would refuse it', async () => {
    const { open } = await plan();
    const valid = open.map(({ path: file, plain }) => {
      const text = plain?.after.toString() ?? repository.read(file).replaceAll(/\ba\b/g, 'b');
      return [file, plain !== null, parseSource(file, text, true).errors.length === 0];
    });
    // A capture is valid JavaScript with another meaning: nothing would stop it.
    assert.deepEqual(valid, [
      ['b.js', true, false],
      ['c.js', false, true],
    ]);
  });

  it('leaves those open that no alias is asked for', async () => {
    const { open, edits, listed, warnings } = await plan({ aliasIn: ['c.js'] });
    assert.deepEqual([pathsOf(open), pathsOf(edits)], [['b.js'], ['a.js', 'c.js', 'd.js']]);
    const kept = listed.filter((each) => each.path === 'c.js' && each.class === 'other-symbol');
    assert.deepEqual(
      kept.map(({ line }) => line),
      [1, 2, 3],
    );
    assert.ok(warnings.includes('Goes on being called a in c.js'));
  });

  it('makes an alias where the plain rename would fit too', async () => {
    const { edits } = await plan({ aliasIn: ['d.js'] });
    const edit = edits.find(({ path: file }) => file === 'd.js');
    assert.equal(edit?.after.toString().split('\n', 1)[0], "import { b as a } from './a.js';");
  });

  it('means the same symbol when it was chosen by its import in such a file', async () => {
    const at = { path: 'b.js', line: 1, column: 10 };
    const aliasIn = ['b.js', 'c.js'];
    const { symbol, edits, open } = await plan({ at, aliasIn });
    assert.deepEqual(
      [symbol.path, pathsOf(edits), open],
      ['a.js', ['a.js', 'b.js', 'c.js', 'd.js'], []],
    );
  });
});
