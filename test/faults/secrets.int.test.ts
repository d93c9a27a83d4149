/**
 * Secrets planted wherever a mission could pick them up: afterwards no file of the home holds one,
 * neither in its bytes nor in what is compressed in it. The twin finds them all.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { unpackBlob } from '#ledger/store/blob-store.ts';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { makeRedactor, secretsOf, type Redactor } from '#lib/redact.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told } from '../support/run-skein.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { ordersFor } from './writer-process.ts';

/** Put together here, so that no scanner of this repository takes them for real ones. */
const token = (...parts: readonly string[]): string => parts.join('');
const BY_NAME = {
  DEPLOY_TOKEN: 'planted-deploy-value-1',
  DATABASE_PASSWORD: 'planted-database-value-2',
  SOME_API_KEY: 'planted-api-value-3',
} as const;
const BY_FORM = [
  token('ghp', '_', 'A1b2C3d4E5'.repeat(4)),
  token('npm', '_', 'Z9y8X7w6V5'.repeat(3), 'abcdef'),
  token('AK', 'IA', 'QWERTYUIOPASDFGH'),
  token('sk', '-ant-', 'k1l2m3n4o5'.repeat(3)),
] as const;
const PLANTED = [...Object.values(BY_NAME), ...BY_FORM];

/** Every file below `folder` in its raw bytes, and every blob in it unpacked. */
function findPlanted(folder: string): string[] {
  const found: string[] = [];
  const look = (name: string, bytes: Buffer): void => {
    for (const planted of PLANTED) if (bytes.includes(planted)) found.push(`${planted} in ${name}`);
  };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !statSync(path).isFile()) continue;
    look(path, readFileSync(path));
    if (entry.name === 'blobs.db')
      for (const content of blobsIn(path)) look(`${path} (a blob)`, content);
  }
  return found;
}

function blobsIn(path: string): Buffer[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT bytes, encoding, content FROM blobs').all();
  database.close();
  return rows.map((row) => unpackBlob(row as never) ?? Buffer.alloc(0));
}

/** Prints every secret, in a short output (kept in the event) or a long one (kept in a blob). */
function talkativeScript(padding: number): string {
  const lines = PLANTED.map(
    (planted) => `process.stdout.write(${JSON.stringify(`${planted}\n`)});`,
  );
  return [`process.stdout.write('.'.repeat(${padding}) + '\\n');`, ...lines, ''].join('\n');
}

describe('planted secrets', () => {
  it('are in no file of the home after missions that print, name and fail with them', async () => {
    const skein = openHome({ ...BY_NAME });
    const repository = greeterRepository();
    const scripts = join(repository.folder, 'scripts');
    repository.write('../scripts/short.mjs', talkativeScript(1));
    repository.write('../scripts/long.mjs', talkativeScript(20_000));
    const checks = ['short', 'long'].flatMap((name) => [
      '--check',
      `node ${join(scripts, `${name}.mjs`)}`,
    ]);
    const order = ['run', RENAME, '--repo', repository.top, '--yes', '--merge'];
    const done = await skein.run(...order, '--check', CHECK, ...checks);
    assert.equal(done.code, 0, told(done));

    // In the goal, in a check's own words, in the reason of a refusal.
    for (const planted of PLANTED) {
      await skein.run('run', `rename ${planted} to greet`, '--repo', repository.top, '--yes');
    }
    const spoken = ['run', 'rename welcome to greet', '--repo', repository.top, '--yes'];
    await skein.run(...spoken, '--check', `echo ${PLANTED.join(' ')}; false`);
    const waiting = await skein.run('run', 'rename welcome to hail', '--repo', repository.top);
    assert.equal(waiting.code, 8, told(waiting));
    await skein.run('reject', '--reason', PLANTED.join(' '));
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
    const log = await skein.run('log', '--json');
    assert.match(log.stdout, /\[secret:DEPLOY_TOKEN\]/u);

    assert.deepEqual(findPlanted(skein.home), []);
    await skein.run('down');
    assert.deepEqual(findPlanted(skein.home), []);
  });
});

/** Puts the secrets through every door of a ledger; answers what is found on the disk. */
async function recordWith(redact: Redactor): Promise<string[]> {
  const orders = ordersFor(join(temporaryFolder(), 'space'));
  const { folder, space, nodeKey, epoch } = orders;
  const ledger = await openWorkerLedger({
    space,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space, nodeKey, epoch },
    redact,
  });
  const padded = `${'.'.repeat(20_000)}${PLANTED.join('\n')}`;
  const { hash } = await ledger.blobs.putText(padded);
  const data = { guardrail: hash, detail: PLANTED.join(' ') };
  const input = { type: 'guardrail.passed', subject: 'task/t', data };
  const id = '01a1fe67-17a8-7000-9c98-e5cd856c4f2c';
  await ledger.execute({ id, name: 'note.record', input }, { actor: 'a', authority: 'system' });
  await ledger.close();
  return findPlanted(folder);
}

describe('the redactor', () => {
  it('keeps them out of events and of blobs', async () => {
    assert.deepEqual(await recordWith(makeRedactor(secretsOf(BY_NAME))), []);
  });

  it('has a twin: without it every one is found, in the event and in the blob', async () => {
    const found = await recordWith((text) => ({ text, count: 0 }));
    for (const planted of PLANTED) {
      const places = found.filter((line) => line.startsWith(`${planted} in`));
      assert.ok(
        places.some((line) => line.includes('a blob')),
        planted,
      );
      assert.ok(
        places.some((line) => line.includes('ledger.db')),
        planted,
      );
    }
  });
});
