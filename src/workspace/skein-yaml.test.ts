/** skein.yaml: what it may say, and that each mistake is named with its line. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempRepository } from './fixtures/temp-repository.ts';
import { parseSkeinYaml, readSkeinYaml } from './skein-yaml.ts';

const parse = (text: string) => parseSkeinYaml(Buffer.from(text));

test('checks by name or as a command alone, and the setup', () => {
  const file = parse(`# how to prove a change
format: 1
checks:
  - npm test
  - name: types
    run: npx tsc
workspace:
  setup: npm ci
`);
  assert.deepEqual(file, {
    checks: [
      { name: 'npm test', run: 'npm test' },
      { name: 'types', run: 'npx tsc' },
    ],
    workspace: { setup: 'npm ci' },
  });
  assert.deepEqual(parse(''), {});
  assert.deepEqual(parse('\ufeffchecks: []\r\n'), { checks: [] });
  assert.deepEqual(parse('workspace: {}'), {});
});

test('each mistake is refused with its line', () => {
  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['checks: []\nchekcs: []\n', 2, /chekcs is not known/u],
    ['checks:\n  - name: a\n    rum: b\n', 2, /command, or a map/u],
    ['workspace:\n  setup: x\n  teardown: y\n', 3, /workspace\.teardown is not known/u],
    ['format: 2\nnew: 1\n', 1, /format is 2/u],
    ['format: "1"\n', 1, /format/u],
    ['\nchecks: npm test\n', 2, /checks/u],
    ['checks:\n  - a\n  - 3\n', 3, /checks\.1/u],
    ['checks:\n  - a\n  - a\n', 3, /twice/u],
    ['checks: []\nchecks: []\n', 2, /unique/iu],
    ['checks: [\n', 2, /./u],
    ['- a\n', 1, /./u],
    ['text', 1, /./u],
    ['a: 1\n---\nb: 2\n', 2, /document/iu],
    ['checks:\n  - !run rm\n', 2, /tag/iu],
    ['workspace:\n  setup: ""\n', 2, /workspace\.setup/u],
    ['checks:\n  - *none\n', 2, /alias/iu],
  ];
  for (const [text, line, pattern] of mistakes) {
    assert.throws(
      () => parse(text),
      (error: Error & { details?: { line?: number } }) => {
        assert.equal(error.name, 'config-invalid', text);
        assert.match(error.message, pattern, text);
        assert.equal(error.details?.line, line, `${text}: ${error.message}`);
        return true;
      },
    );
  }
});

test('sizes, encodings and aliases that multiply are refused', () => {
  const invalid = { name: 'config-invalid' };
  assert.throws(() => parse(`# ${'x'.repeat(70_000)}`), invalid);
  assert.throws(() => parseSkeinYaml(Buffer.from([0x61, 0xff])), invalid);
  const rows = Array.from(
    { length: 9 },
    (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]`,
  );
  assert.throws(() => parse(`l0: &l0 [x]\n${rows.join('\n')}\n`), invalid);
});

test('it is that of the commit that is asked for, whatever was asked for before', async () => {
  const temp = tempRepository({ 'skein.yaml': 'checks: [one]\n' });
  const first = temp.git('rev-parse', 'HEAD').trim();
  const read = async (commit: string): Promise<string | undefined> =>
    (await readSkeinYaml(temp, commit)).checks?.[0]?.name;
  assert.deepEqual(
    [await read(first), await read(first), await read('HEAD')],
    Array(3).fill('one'),
  );
  temp.write('skein.yaml', 'checks: [two]\n');
  const second = temp.commit();
  assert.deepEqual(
    [await read('HEAD'), await read(second), await read(first)],
    ['two', 'two', 'one'],
  );
});

test('it is read from the commit, not from the working tree', async () => {
  const temp = tempRepository({ 'skein.yaml': 'checks: [npm test]\n' });
  const head = temp.git('rev-parse', 'HEAD').trim();
  temp.write('skein.yaml', 'checks: [rm -rf /]\n');
  const { checks } = await readSkeinYaml(temp, head);
  assert.deepEqual(checks, [{ name: 'npm test', run: 'npm test' }]);
  assert.deepEqual(await readSkeinYaml(tempRepository(), 'HEAD'), {});
  const linked = tempRepository({ 'other.yaml': 'checks: [npm test]\n' });
  symlinkSync('other.yaml', join(linked.top, 'skein.yaml'));
  await assert.rejects(readSkeinYaml(linked, linked.commit()), { name: 'config-invalid' });
});
