/** Tests of the redactor: planted secrets go, ordinary text stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRedactor, redactDeep, secretsOf } from './redact.ts';

const none = makeRedactor(new Map());

test('values of secret variables are replaced by their name, ordinary variables are not', () => {
  const secrets = secretsOf({
    DEPLOY_TOKEN: 'correct-horse-battery',
    db_password: 'hunter2hunter2',
    SHORT_TOKEN: 'abc',
    EDITOR: 'a-rather-long-value',
  });
  assert.deepEqual([...secrets.keys()], ['DEPLOY_TOKEN', 'db_password']);
  const redact = makeRedactor(secrets);
  const { text, count } = redact('x correct-horse-battery y hunter2hunter2 correct-horse-battery');
  assert.equal(text, 'x [secret:DEPLOY_TOKEN] y [secret:db_password] [secret:DEPLOY_TOKEN]');
  assert.equal(count, 3);
  assert.equal(redact('a-rather-long-value').text, 'a-rather-long-value');
});

test('a secret that holds another one is taken out whole', () => {
  const redact = makeRedactor(
    new Map([
      ['A_TOKEN', 'inner-secret'],
      ['B_TOKEN', 'inner-secret-outer'],
    ]),
  );
  assert.equal(redact('inner-secret-outer').text, '[secret:B_TOKEN]');
});

test('tokens of well-known forms are found anywhere', () => {
  const planted = {
    'github-token': `ghp_${'a1'.repeat(18)}`,
    'aws-key': 'AKIAIOSFODNN7EXAMPLE',
    'model-key': `sk-ant-${'x9'.repeat(20)}`,
    'slack-token': 'xoxb-1234567890-abcdef',
    'npm-token': `npm_${'Z0'.repeat(18)}`,
    'private-key': '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----',
  };
  for (const [name, token] of Object.entries(planted)) {
    assert.equal(none(`before "${token}" after`).text, `before "[secret:${name}]" after`);
  }
  const url = none('postgres://app:s3cretpass@db.example/app');
  assert.equal(url.text, 'postgres://app:[secret:url-password]@db.example/app');
});

test('ordinary text, hashes and ids stay', () => {
  const text = `src/task-list.ts ${'0'.repeat(64)} 01a1fe30-99ef-7600-9ee1-216ea0f90e00 risk-sk-free https://a.b/c:d`;
  assert.deepEqual(none(text), { text, count: 0 });
});

test('every string inside a value is redacted, and counted', () => {
  const redact = makeRedactor(new Map([['T_TOKEN', 'swordfish1']]));
  const { value, count } = redactDeep(
    { a: ['swordfish1', 2, null], b: { c: 'x swordfish1' } },
    redact,
  );
  assert.deepEqual(value, { a: ['[secret:T_TOKEN]', 2, null], b: { c: 'x [secret:T_TOKEN]' } });
  assert.equal(count, 2);
  const path = { path: 'src/swordfish1.ts' };
  assert.deepEqual(redactDeep(path, redact).value, path);
});
