/** The published schema of skein.yaml is the one that the reader checks with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseSkeinYaml, skeinYamlSchema } from '#workspace/skein-yaml.ts';

test('docs/skein.schema.json is what the reader of skein.yaml checks', () => {
  const page = readFileSync(new URL('../../docs/skein.schema.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(page), JSON.parse(JSON.stringify(skeinYamlSchema())));
});

test('limits are read, and bounded', () => {
  const read = (text: string) => parseSkeinYaml(Buffer.from(text));
  assert.deepEqual(read('limits: { minutes: 5, edits: 10 }').limits, { minutes: 5, edits: 10 });
  assert.deepEqual(read('limits: { minutes: 5 }').limits, { minutes: 5 });
  assert.equal(read('checks: [npm test]').limits, undefined);
  assert.throws(() => read('limits: { edits: 5000 }'), { name: 'config-invalid' });
  assert.throws(() => read('limits: { hours: 1 }'), /limits\.hours is not known/u);
});
