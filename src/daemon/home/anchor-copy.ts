/** Gives the copy of a ledger an anchor of its own: the last commit that is in it. */
import { join } from 'node:path';
import { countRows } from '#ledger/ledger-reader.ts';
import { openForReading } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';

/** Writes `head` beside the `ledger.db` of `folder`; answers what the ledger holds. */
export function anchorCopy(folder: string): ReturnType<typeof countRows> {
  const database = openForReading(join(folder, 'ledger.db'));
  const counts = countRows(database);
  database.close();
  if (counts.head !== null) {
    const anchor = openHeadFile(join(folder, 'head'));
    anchor.write(counts.head);
    anchor.sync();
    anchor.close();
  }
  return counts;
}
