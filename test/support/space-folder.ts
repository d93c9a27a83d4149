/** The files of a space as the node leaves them: ledger, blobs and anchor in one folder. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import type { ChainHead, DamageKind, VerifyReport } from '#ledger/ledger.ts';
import { putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { verifySpace } from '#ledger/verify/verify.ts';
import { makeTestLedger, newSigner, SPACE, type TestLedger } from './test-ledger.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A temporary folder, removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-record-'));
  folders.push(folder);
  return folder;
}

/** A space that was written and closed. */
export interface SpaceFolder {
  readonly folder: string;
  readonly signer: Signer;
  readonly head: ChainHead;
}

/** Fills a new space: `write` has the ledger, and `blob` for contents that events name. */
export function makeSpace(
  write: (ledger: TestLedger, blob: (content: string) => { hash: string; bytes: number }) => void,
): SpaceFolder {
  const folder = temporaryFolder();
  const signer = newSigner();
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  const blobs = openBlobDatabase(join(folder, 'blobs.db'));
  const ledger = makeTestLedger({ database, signer });
  const anchor = openHeadFile(join(folder, 'head'));
  write(ledger, (content) => putBlobs(blobs, [Buffer.from(content)])[0] as never);
  const head = ledger.core.head as ChainHead;
  anchor.write(head);
  anchor.sync();
  anchor.close();
  database.close();
  blobs.close();
  return { folder, signer, head };
}

/** A copy that may be damaged. */
export function copySpace(space: SpaceFolder): SpaceFolder {
  const folder = temporaryFolder();
  cpSync(space.folder, folder, { recursive: true });
  return { ...space, folder };
}

/** Changes a file of the space behind the ledger's back. */
export function alter(
  { folder }: SpaceFolder,
  change: (database: DatabaseSync) => void,
  file = 'ledger.db',
): void {
  const database = new DatabaseSync(join(folder, file));
  try {
    change(database);
  } finally {
    database.close();
  }
}

/** What `skein verify` finds in the folder. */
export function verifyFolder(
  { folder, signer }: Omit<SpaceFolder, 'head'>,
  outside: readonly ChainHead[] = [],
): VerifyReport {
  return verifySpace({
    folder,
    space: SPACE,
    owner: signer.key,
    reducers,
    outside,
    nowMs: () => 0,
    verifySignature,
  });
}

/** The findings as "kind id", in order. */
export const findings = (report: VerifyReport): string[] =>
  report.damage.map(({ kind, id }) => `${kind} ${id}`);

/** The kinds of the findings, each once. */
export const kindsOf = (report: VerifyReport): DamageKind[] => [
  ...new Set(report.damage.map(({ kind }) => kind)),
];
