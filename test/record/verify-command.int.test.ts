/** skein verify as a person types it: exit 1 and the finding by name, whatever was done to a file. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { openHome, told } from '../support/run-skein.ts';
import { human, note } from '../support/test-ledger.ts';

const SPACE = 'cd'.repeat(16);
const home = openHome();
const folder = join(home.home, 'spaces', SPACE);
const backup = join(home.person, 'backup');

/** A record of this home's own node, written while the node is down. */
async function makeRecord(): Promise<string> {
  await home.run('missions');
  await home.run('down');
  mkdirSync(folder);
  const nodeKey = join(home.home, 'identity', 'node.key');
  const ledger = await openWorkerLedger({
    space: SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space: SPACE, nodeKey, epoch: 1 },
    redact: (text) => ({ text, count: 0 }),
  });
  const id = '01a1fe44-6af5-7100-9298-3544be3b20ae';
  await ledger.execute({ id, name: 'note.record', input: note('kept') }, human);
  await ledger.close();
  cpSync(folder, backup, { recursive: true });
  return id;
}

const event = await makeRecord();

const change = (sql: string): void => {
  const database = new DatabaseSync(join(folder, 'ledger.db'));
  database.exec(sql);
  database.close();
};

const CASES: Readonly<Record<string, readonly [() => void, RegExp]>> = {
  'a changed event': [
    () =>
      change(
        "UPDATE events SET body = CAST(replace(body, 'kept', 'bent') AS BLOB) WHERE position = 2",
      ),
    new RegExp(`event-changed ${event}`),
  ],
  'a cut tail': [
    () =>
      change(
        'DELETE FROM commits WHERE seq = 2; DELETE FROM events WHERE position = 2; DELETE FROM ids WHERE position = 2',
      ),
    /tail-cut [0-9a-f]{32}:2/,
  ],
  'an unreadable header': [
    () => change("UPDATE commits SET header = x'7b' WHERE seq = 2"),
    /header-unreadable [0-9a-f]{64}/,
  ],
  'a state that is no JSON': [
    () => change("UPDATE entities SET body = '{'"),
    new RegExp(`state-differs space/${SPACE}`),
  ],
  'a file that is no database': [
    () => writeFileSync(join(folder, 'ledger.db'), 'a line of text that is no database'.repeat(9)),
    /file-damaged ledger\.db/,
  ],
  'a forged signature': [
    () => change('UPDATE commits SET signature = zeroblob(64)'),
    /signature-forged [0-9a-f]{64}/,
  ],
  'a missing anchor': [() => rmSync(join(folder, 'head')), /anchor-missing head/],
};

describe('skein verify', () => {
  it('says that an untouched record is whole, and exits with 0', async () => {
    const ended = await home.run('verify');
    assert.equal(ended.code, 0, told(ended));
    assert.match(ended.stdout, /whole.*2 commits, 2 events/);
  });

  for (const [name, [damage, finding]] of Object.entries(CASES)) {
    it(`names ${name}, exits with 1, and says the same when asked again`, async () => {
      await home.run('down');
      rmSync(folder, { recursive: true });
      cpSync(backup, folder, { recursive: true });
      damage();
      for (const words of [['verify'], ['verify', '--json']]) {
        const ended = await home.run(...words);
        assert.equal(ended.code, 1, told(ended));
        assert.match(
          ended.stdout.replace(/"kind":"([^"]*)","id":"([^"]*)"/g, '$1 $2'),
          finding,
          told(ended),
        );
        assert.doesNotMatch(ended.stderr, /internal/);
      }
    });
  }
});
