/** Who joins a space after missions of it were pruned has the same state, and a whole record. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature } from '#identity/signer.ts';
import type { VerifyReport } from '#ledger/ledger.ts';
import { makeChainReader } from '#ledger/exchange/read-chains.ts';
import { findBlob, getBlob, putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { openSpaceWriter, tellMission, type SpaceWriter } from '../support/prunable-space.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { makeTestLedger, newSigner, SPACE, type TestLedger } from '../support/test-ledger.ts';

interface Joined {
  readonly folder: string;
  readonly ledger: TestLedger;
  readonly close: () => void;
}

function joinLate(owner: SpaceWriter): Joined {
  const folder = temporaryFolder();
  const signer = newSigner();
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  const blobs = openBlobDatabase(join(folder, 'blobs.db'));
  const founder = owner.signer.key;
  const ledger = makeTestLedger({ database, signer, blobs, founder, verifySignature, seed: 9 });
  const reader = makeChainReader(owner.ledger.database, SPACE, () => undefined);
  const [{ chain } = { chain: '' }] = reader.heads();
  for (let after = 0; ;) {
    const page = reader.page(chain, after, 2_000);
    if (page === undefined) break;
    const taken = ledger.core.take(page);
    if (taken.type === 'waits') {
      assert.ok(taken.blobs.length > 0);
      putBlobs(
        blobs,
        taken.blobs.map((hash) => getBlob(owner.blobs, hash)),
      );
      assert.ok(taken.blobs.every((hash) => findBlob(blobs, hash) !== undefined));
    } else if (taken.type === 'taken') after = taken.seq;
    else assert.fail(taken.type);
  }
  openHeadFile(join(folder, 'head')).close();
  const close = (): void => {
    database.close();
    blobs.close();
  };
  return { folder, ledger, close };
}

const verify = (folder: string, owner: string): VerifyReport =>
  verifySpace({
    folder,
    space: SPACE,
    owner,
    self: '0'.repeat(64),
    reducers,
    outside: [],
    nowMs: () => 0,
    verifySignature,
  });

it('a pruned mission is the same at who joins later, and its absent bodies are explained', () => {
  const owner = openSpaceWriter();
  tellMission(owner, { mission: 'one', token: 1 });
  tellMission(owner, { mission: 'two', token: 2 });
  owner.prune(['one']);
  const joined = joinLate(owner);
  const whole = verify(owner.folder, owner.signer.key);
  const report = verify(joined.folder, owner.signer.key);
  const damage = report.damage.filter(({ kind }) => kind !== 'anchor-missing');
  assert.deepEqual(damage, []);
  assert.ok(report.pruned > 0, 'nothing was pruned');
  assert.deepEqual([report.stateHash, report.pruned], [whole.stateHash, whole.pruned]);
  // The twin: a body that nothing explains is found here as well.
  const { database } = joined.ledger;
  database.exec(
    "UPDATE events SET body = NULL, salt = NULL, type = NULL WHERE type = 'record.pruned'",
  );
  const kinds = verify(joined.folder, owner.signer.key).damage.map(({ kind }) => kind);
  assert.ok(kinds.includes('event-missing'));
  joined.close();
  owner.close();
});
