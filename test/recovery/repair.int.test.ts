/** Damage, repair, backup and restore, with the real program: what is kept, what is told as lost. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told } from '../support/run-skein.ts';

const skein = openHome();
const folder = mkdtempSync(join(tmpdir(), 'skein-recovery-'));
const backup = join(folder, 'backup');
const BACK = 'rename welcome to greet';

const run = (repository: TempRepository, goal: string) =>
  skein.run('run', goal, '--repo', repository.top, '--yes', '--merge', '--check', CHECK);

const spaceFolder = (): string => {
  const [space = ''] = readdirSync(join(skein.home, 'spaces'));
  return join(skein.home, 'spaces', space);
};

/** Changes the record behind the back of the node, which must be down. */
function tamper(sql: string): void {
  const database = new DatabaseSync(join(spaceFolder(), 'ledger.db'));
  database.exec(sql);
  database.close();
}

describe('a damaged record', () => {
  let repository: TempRepository;
  before(async () => {
    repository = greeterRepository();
    const done = await run(repository, RENAME);
    assert.equal(done.code, 0, told(done));
    const copied = await skein.run('backup', backup);
    assert.equal(copied.code, 0, told(copied));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is whole before anything is done to it', async () => {
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
    const listed = await skein.run('missions');
    assert.doesNotMatch(listed.stderr, /damaged/u, told(listed));
    const repaired = await skein.run('repair', '--yes');
    assert.equal(repaired.code, 0, told(repaired));
    assert.match(repaired.stderr, /No record of this home is damaged/u);
  });

  it('is read-only, says what to do, and stays so over a restart', async () => {
    await skein.run('down');
    tamper(
      "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'typescript-7', 'typescript-8') AS BLOB) WHERE type = 'plan.proposed'",
    );
    // Found before it is served: nobody has asked for a verification yet.
    const listed = await skein.run('missions');
    assert.match(listed.stderr, /damaged and read-only/u, told(listed));
    const verified = await skein.run('verify');
    assert.equal(verified.code, 1, told(verified));
    assert.match(verified.stdout, /event-changed [0-9a-f-]{36}/u);
    const refused = await run(repository, BACK);
    assert.equal(refused.code, 1, told(refused));
    assert.match(refused.stderr, /5104 record-damaged[\s\S]*skein repair/u);
    await skein.run('down');
    const again = await run(repository, BACK);
    assert.equal(again.code, 1, told(again));
  });

  it('is repaired only when asked, keeps the damaged files and names what is lost', async () => {
    const asked = await skein.run('repair');
    assert.equal(asked.code, 1, told(asked));
    assert.match(asked.stdout, /Repair it with: skein repair --yes/u);
    assert.ok(!existsSync(join(spaceFolder(), 'damaged-1')));
    const repaired = await skein.run('repair', '--yes');
    assert.equal(repaired.code, 0, told(repaired));
    assert.match(repaired.stdout, /lost: [0-9a-f-]{36}/u);
    assert.ok(existsSync(join(spaceFolder(), 'damaged-1', 'ledger.db')));
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('is written again after the repair, on a chain of its own', async () => {
    const done = await run(repository, BACK);
    assert.equal(done.code, 0, told(done));
    const log = await skein.run('log', '--all', '--json');
    const started = log.stdout.split('\n').filter((line) => line.includes('"space.chain-started"'));
    assert.equal(started.length, 1, log.stdout);
    assert.match(started[0] ?? '', /repaired after event-changed/u);
  });

  it('is not repaired by deleting what explains the loss (the twin)', async () => {
    await skein.run('down');
    tamper("UPDATE events SET body = NULL, salt = NULL WHERE type = 'space.chain-started'");
    const verified = await skein.run('verify');
    assert.equal(verified.code, 1, told(verified));
    assert.match(verified.stdout, /event-missing|commit-foreign/u);
  });

  it('is replaced by a backup when asked, and what was here is kept aside', async () => {
    const refused = await skein.run('restore', backup);
    assert.equal(refused.code, 7, told(refused));
    const restored = await skein.run('restore', backup, '--replace');
    assert.equal(restored.code, 0, told(restored));
    assert.ok(existsSync(join(spaceFolder(), 'replaced-1', 'ledger.db')));
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
    const done = await run(repository, RENAME);
    assert.equal(done.code, 0, told(done));
    const whole = await skein.run('verify');
    assert.equal(whole.code, 0, told(whole));
  });

  it('is not restored from a folder that is no whole backup', async () => {
    rmSync(join(backup, 'format.json'));
    const refused = await skein.run('restore', backup, '--replace');
    assert.equal(refused.code, 3, told(refused));
    const full = await skein.run('backup', backup);
    assert.equal(full.code, 7, told(full));
  });
});
