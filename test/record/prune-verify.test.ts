/**
 * A record of which something was pruned is whole; whatever else is missing is damage as ever. Each
 * finding stands beside the pruned space that nobody has touched.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { verifySignature } from '#identity/signer.ts';
import { salvageSpace } from '#ledger/salvage/salvage.ts';
import { putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { openSpaceWriter, prunableStory, tellMission } from '../support/prunable-space.ts';
import {
  alter,
  copySpace,
  findings,
  temporaryFolder,
  verifyFolder,
  type SpaceFolder,
} from '../support/space-folder.ts';
import { makeTestLedger, newSigner, note, SPACE } from '../support/test-ledger.ts';

const PATHS = Array.from({ length: 150 }, (_, index) => `src/file-${index}.ts`);

/** Three missions, the first two told together so that they share commits; `m1` and `m3` are pruned. */
function makePruned(): SpaceFolder {
  const writer = openSpaceWriter();
  const { ledger } = writer;
  const first = prunableStory(writer, { mission: 'm1', token: 1 });
  const second = prunableStory(writer, { mission: 'm2', token: 2, paths: ['src/b.ts'] });
  for (const [index, step] of first.entries()) {
    const pending = [step, second[index]].map((one) => ledger.pending(one?.name ?? '', one?.input));
    for (const outcome of ledger.flush(...pending)) assert.equal(outcome.type, 'stored');
  }
  // So long that what goes of it lies in a blob of its own.
  tellMission(writer, { mission: 'm3', token: 3, paths: PATHS });
  writer.prune(['m1', 'm3']);
  ledger.store('note.record', note('after it'));
  const head = ledger.core.head ?? { chain: '', seq: 0, hash: '' };
  writer.close();
  return { folder: writer.folder, signer: writer.signer, head };
}

const pruned = makePruned();

type Change = (database: DatabaseSync, space: SpaceFolder) => void;

/** What verify finds after `change` of the ledger, or of another file. */
function found(change: Change, file = 'ledger.db'): string[] {
  const copy = copySpace(pruned);
  alter(copy, (database) => change(database, copy), file);
  return findings(verifyFolder(copy));
}

const NOTHING = 'type = NULL, salt = NULL, body = NULL';

/** The data of the last `record.pruned` of a mission. */
function announced(mission: string) {
  let data: Record<string, unknown> = {};
  alter(copySpace(pruned), (database) => {
    const sql = "SELECT body FROM events WHERE type = 'record.pruned' AND mission = ?";
    const row = database.prepare(sql).get(mission);
    data = JSON.parse(Buffer.from(row?.['body'] as Uint8Array).toString('utf8')).data;
  });
  return data as {
    readonly events: number;
    readonly blobs?: readonly string[];
    readonly list?: { readonly hash: string };
    readonly state: readonly { readonly hash: string }[];
  };
}

describe('a pruned record', () => {
  it('is whole, and its pruned events are counted', () => {
    const report = verifyFolder(copySpace(pruned));
    assert.deepEqual(report.damage, []);
    assert.equal(report.pruned, announced('m1').events + announced('m3').events);
    assert.ok(announced('m1').list === undefined && announced('m3').list !== undefined);
  });

  it('is still whole when it was opened and closed again', () => {
    const { folder, signer } = copySpace(pruned);
    openSpaceWriter({ folder, signer, epoch: 9 }).close();
    assert.deepEqual(verifyFolder({ folder, signer }).damage, []);
  });
});

describe('a body that nothing explains', () => {
  const emptied = (where: string): string[] =>
    found((database) => database.exec(`UPDATE events SET ${NOTHING} WHERE ${where}`));

  it('is found in a mission that was not pruned, also in a commit with pruned ones', () => {
    for (const order of ['ASC', 'DESC']) {
      const all = emptied(
        `position = (SELECT position FROM events WHERE mission = 'm2' ORDER BY position ${order} LIMIT 1)`,
      );
      assert.ok(all.length >= 1 && all[0]?.startsWith('event-missing '), all.join());
    }
  });

  it('is found when it belongs to no mission', () => {
    const all = emptied("type = 'guardrail.passed'");
    assert.match(all.join(), /^event-missing [0-9a-f-]{36}$/u);
  });

  it('is found when it passes for one of a pruned mission', () => {
    const all = found((database) => {
      database.exec(`UPDATE events SET ${NOTHING}, mission = 'm1'
        WHERE position = (SELECT max(position) FROM events WHERE mission = 'm2')`);
    });
    assert.match(all[0] ?? '', /^event-missing /u);
  });

  it('is each event of a mission whose announcement is gone', () => {
    const all = emptied("type = 'record.pruned' AND mission = 'm1'");
    const missing = all.filter((finding) => finding.startsWith('event-missing '));
    assert.equal(missing.length, announced('m1').events + 1);
  });

  it('is found when the mission of a pruned event is another one now', () => {
    const all = found((database) => {
      database.exec("UPDATE events SET mission = 'm2' WHERE position = 2 AND body IS NULL");
    });
    assert.match(all.join(), /^event-missing [0-9a-f-]{36}$/u);
  });

  it('is not what lost a part of itself only', () => {
    for (const part of ['salt = NULL', 'body = NULL', 'body = NULL, salt = NULL']) {
      const all = emptiedPart(part);
      assert.match(all[0] ?? '', /^event-missing /u, part);
    }
    const typed = found((database) => {
      database.exec("UPDATE events SET type = 'mission.done' WHERE position = 2");
    });
    assert.match(typed.join(), /^event-missing [0-9a-f-]{36}$/u);
  });

  const emptiedPart = (part: string): string[] =>
    found((database) => {
      database.exec(
        `UPDATE events SET ${part} WHERE position = (SELECT max(position) FROM events)`,
      );
    });

  it('is not a row that is gone: a pruned event keeps its row', () => {
    const all = found((database) => database.exec('DELETE FROM events WHERE position = 2'));
    assert.match(all.join(), /^event-missing [0-9a-f-]{36}$/u);
  });

  it('is found when another member, not the owner, says that it was pruned', () => {
    const copy = copySpace(pruned);
    const stranger = newSigner();
    alter(copy, (database) => {
      const owner = makeTestLedger({ database, signer: copy.signer, epoch: 8, seed: 8 });
      const member = { key: stranger.key, role: 'writer' };
      owner.store('test.state', [
        { type: 'space.member-admitted', subject: `space/${SPACE}`, data: member },
      ]);
      const theirs = makeTestLedger({ database, signer: stranger, epoch: 9, seed: 9 });
      const last = database
        .prepare(
          "SELECT c.chain, c.seq, e.position FROM events e JOIN commits c ON c.position = e.commit_position WHERE e.type = 'guardrail.passed'",
        )
        .get() as { chain: string; seq: number; position: number };
      const ranges = [{ chain: last.chain, from: last.seq, to: last.seq }];
      const data = { what: 'bodies', reason: 'r', events: 1, bytes: 1, ranges };
      theirs.store('test.state', [
        { type: 'record.pruned', subject: 'mission/m9', mission: 'm9', data },
      ]);
      database.exec(
        `UPDATE events SET ${NOTHING}, mission = 'm9' WHERE position = ${last.position}`,
      );
      const head = openHeadFile(join(copy.folder, 'head'));
      head.write(theirs.core.head ?? pruned.head);
      head.close();
    });
    assert.match(findings(verifyFolder(copy)).join(), /^event-missing [0-9a-f-]{36}$/u);
  });
});

describe('what an announcement names', () => {
  it('is missed when it is gone: the list of what goes, the state that was kept', () => {
    const { list } = announced('m3');
    const [state] = announced('m3').state;
    const drop = (hash = '') =>
      found(
        (blobs) => void blobs.prepare('DELETE FROM blobs WHERE hash = ?').run(hash),
        'blobs.db',
      );
    const withoutList = drop(list?.hash);
    assert.ok(withoutList.includes(`blob-missing ${list?.hash}`));
    assert.ok(withoutList.some((finding) => finding.startsWith('event-missing ')));
    const withoutState = drop(state?.hash);
    assert.ok(withoutState.includes(`blob-missing ${state?.hash}`));
    assert.ok(withoutState.some((finding) => finding.startsWith('state-differs ')));
  });

  it('is not believed when it was changed', () => {
    const [state] = announced('m1').state;
    const all = found((blobs) => {
      const content = Buffer.from('{"format":1,"reducers":2,"entities":[]}');
      blobs
        .prepare("UPDATE blobs SET content = ?, bytes = ?, encoding = 'plain' WHERE hash = ?")
        .run(content, content.length, state?.hash ?? '');
    }, 'blobs.db');
    assert.ok(
      all.includes(`blob-changed ${state?.hash}`) && all.includes('state-differs mission/m1'),
    );
  });

  it('does not let the state be changed', () => {
    const all = found((database) => {
      database.exec(`UPDATE entities SET body = replace(body, '"done"', '"failed"')
        WHERE kind = 'mission' AND id = 'm1'`);
    });
    assert.deepEqual(all, ['state-differs mission/m1']);
  });

  it('explains a blob only to those who named it before', () => {
    const [hash = ''] = announced('m1').blobs ?? [];
    const content = ['m1 has changed src/a.ts\n', 'm1 never came to write this\n'];
    const copy = copySpace(pruned);
    const writer = openSpaceWriter({ folder: copy.folder, signer: copy.signer, epoch: 5 });
    const again = content.map((text) => putBlobs(writer.blobs, [Buffer.from(text)])[0]);
    assert.ok(again.some((blob) => announced('m1').blobs?.includes(blob?.hash ?? '') === true));
    tellMission(writer, { mission: 'm4', token: 4, content: () => content[0] as string });
    writer.close();
    assert.deepEqual(findings(verifyFolder(copy)), []);
    const named = again[0]?.hash ?? hash;
    alter(
      copy,
      (blobs) => blobs.prepare('DELETE FROM blobs WHERE hash = ?').run(named),
      'blobs.db',
    );
    assert.deepEqual(findings(verifyFolder(copy)), [`blob-missing ${named}`]);
  });
});

describe('repair of a pruned record', () => {
  /** Salvages a copy after `change`; answers what was lost and the new space. */
  function repair(change: Change) {
    const copy = copySpace(pruned);
    alter(copy, (database) => change(database, copy));
    const to = join(temporaryFolder(), 'repaired');
    mkdirSync(to);
    const report = salvageSpace({
      from: copy.folder,
      to,
      space: SPACE,
      epoch: 3,
      verifySignature,
    });
    const database = openLedgerDatabase(join(to, 'ledger.db'));
    const blobs = openBlobDatabase(join(to, 'blobs.db'));
    const ledger = makeTestLedger({ database, signer: copy.signer, epoch: 3, blobs });
    const head = openHeadFile(join(to, 'head'));
    head.write(ledger.core.head ?? pruned.head);
    head.close();
    for (const open of [database, blobs]) open.close();
    return { lost: report.lost, after: verifyFolder({ folder: to, signer: copy.signer }) };
  }

  it('loses nothing that was pruned, and keeps its state', () => {
    const { lost, after } = repair((database) => database.exec('DELETE FROM entities'));
    assert.deepEqual(lost, []);
    const whole = verifyFolder(copySpace(pruned));
    assert.deepEqual([after.damage, after.pruned], [[], whole.pruned]);
    assert.equal(after.stateHash, whole.stateHash);
  });

  it('names what is lost beside it', () => {
    const { lost, after } = repair((database) => {
      database.exec("UPDATE events SET body = x'00' WHERE type = 'guardrail.passed'");
    });
    assert.equal(lost.length, 1);
    assert.deepEqual(findings(after), [`event-missing ${lost[0]}`]);
  });

  it('can not tell what was pruned without the announcement (the twin)', () => {
    const { lost } = repair((database) => {
      database.exec(
        "UPDATE events SET body = x'00' WHERE type = 'record.pruned' AND mission = 'm1'",
      );
    });
    assert.equal(lost.length, announced('m1').events + 1);
  });
});
