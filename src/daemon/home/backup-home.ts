/** Backups of a home's records: consistent copies made while it works, and their way back. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import type { ChainHead } from '#ledger/ledger.ts';
import { countRows } from '#ledger/ledger-reader.ts';
import { openForReading } from '#ledger/store/database.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { HomePaths } from './home-paths.ts';
import { anchorCopy } from './anchor-copy.ts';
import { ABOUT_FILE } from './space-about.ts';
import { requestRestart, setAside } from './space-files.ts';
import { SPACE_ID, type Spaces } from '../spaces.ts';

const BACKUP_FORMAT = 1;

/** Which of the spaces is the one of messages. */
const DEFAULT_FILE = 'default-space.json';

/** What was copied. Sizes in bytes. */
export interface BackupReport {
  readonly folder: string;
  readonly withKey: boolean;
  readonly spaces: readonly {
    readonly space: string;
    readonly commits: number;
    readonly events: number;
    readonly bytes: number;
  }[];
}

/** What was brought back; `replaced` is where the files that were here have gone. */
export interface RestoreReport {
  readonly spaces: readonly {
    readonly space: string;
    readonly commits: number;
    readonly replaced: string | null;
  }[];
}

/** Copies all spaces into the new folder `folder`. Throws `conflict` when it holds something. */
export async function backupHome(
  spaces: Spaces,
  paths: HomePaths,
  { folder, withKey }: { readonly folder: string; readonly withKey: boolean },
): Promise<BackupReport> {
  assertParent(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0) {
    throw new SkeinError('conflict', `Cannot back up to ${folder}: it is not empty`, {
      fix: 'Name a new folder.',
    });
  }
  const copied = [];
  for (const space of spaces.list())
    copied.push(await backupSpace(spaces, space, join(folder, 'spaces', space)));
  copyIfThere(paths.defaultSpace, join(folder, DEFAULT_FILE));
  if (withKey) {
    copyFileSync(paths.nodeKey, join(folder, 'node.key'));
    chmodSync(join(folder, 'node.key'), 0o600);
  }
  // Written last: a backup without it was cut off.
  writeFileSync(join(folder, 'format.json'), `${JSON.stringify({ format: BACKUP_FORMAT })}\n`, {
    flush: true,
  });
  return { folder, withKey, spaces: copied };
}

const copyIfThere = (from: string, to: string): void => {
  if (existsSync(from)) copyFileSync(from, to);
};

/** In some file systems (/proc) making folders recursively never ends; one level always does. */
function assertParent(folder: string): void {
  const parent = dirname(folder);
  const found =
    statSync(folder, { throwIfNoEntry: false }) ?? statSync(parent, { throwIfNoEntry: false });
  if (isAbsolute(folder) && found?.isDirectory() === true && !parent.startsWith('/proc')) return;
  throw new SkeinError('usage', `Cannot back up to ${folder}: ${parent} is no folder for it`, {
    fix: 'Name a new folder inside one that exists, by its full path.',
  });
}

/**
 * Blobs after the ledger: whatever the copied events name is then in the copied blobs, unless it
 * is pruned between the two.
 */
async function backupSpace(
  spaces: Spaces,
  space: string,
  to: string,
): Promise<BackupReport['spaces'][number]> {
  await spaces.open(space);
  const from = spaces.folder(space);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  await spaces.undisturbed(space, async () => {
    for (const file of ['ledger.db', 'blobs.db']) {
      const source = openForReading(join(from, file));
      await backup(source, join(to, file));
      source.close();
    }
  });
  for (const file of ['project.json', ABOUT_FILE]) {
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  }
  const { commits, events } = anchorCopy(to);
  const bytes = statSync(join(to, 'ledger.db')).size + statSync(join(to, 'blobs.db')).size;
  return { space, commits, events, bytes };
}

/** What to bring back; `replace` = also what is here. */
export interface RestoreRequest {
  readonly folder: string;
  readonly replace: boolean;
}

/** Brings the spaces of a backup into this home. Throws `conflict` for one that is here already. */
export async function restoreHome(
  spaces: Spaces,
  { folder, replace }: RestoreRequest,
): Promise<RestoreReport> {
  assertBackup(folder);
  const here = new Set(spaces.list());
  const wanted = readdirSync(join(folder, 'spaces')).filter((name) => SPACE_ID.test(name));
  const clash = wanted.find((space) => here.has(space));
  if (clash !== undefined && !replace) {
    throw new SkeinError('conflict', `Cannot restore record ${clash}: it is in this home already`, {
      fix: 'Restore with --replace: what is here is kept aside.',
    });
  }
  const restored = [];
  for (const space of wanted) {
    const heads = here.has(space) ? await spaces.headsOutside(space) : [];
    restored.push(await restoreSpace(spaces, space, join(folder, 'spaces', space), heads));
  }
  return { spaces: restored };
}

/** The space of messages of a backup is that of the home; one that has its own keeps it. */
export function restoreDefault(
  { folder }: RestoreRequest,
  { defaultSpace }: Pick<HomePaths, 'defaultSpace'>,
): void {
  if (!existsSync(defaultSpace)) copyIfThere(join(folder, DEFAULT_FILE), defaultSpace);
}

function assertBackup(folder: string): void {
  const file = join(folder, 'format.json');
  if (!existsSync(file)) {
    throw new SkeinError('not-found', `Cannot restore from ${folder}: it is no whole backup`, {
      fix: 'Name a folder that "skein backup" has made.',
    });
  }
  const { format } = JSON.parse(readFileSync(file, 'utf8')) as { format: number };
  if (format <= BACKUP_FORMAT) return;
  throw new SkeinError('record-too-new', `Cannot restore from ${folder}: its format is ${format}`, {
    fix: 'Use the newer Skein that made it.',
  });
}

function restoreSpace(
  spaces: Spaces,
  space: string,
  from: string,
  heads: readonly ChainHead[],
): Promise<RestoreReport['spaces'][number]> {
  return spaces.rebuild(space, (folder) => {
    const hadOne = existsSync(join(folder, 'ledger.db'));
    const replaced = hadOne ? setAside(folder, 'replaced') : null;
    cpSync(from, folder, { recursive: true });
    const copy = openForReading(join(folder, 'ledger.db'));
    const { commits } = countRows(copy);
    const lost = lostCommits(copy, heads);
    copy.close();
    requestRestart(folder, 'restored from a backup', lost);
    return { space, commits, replaced };
  });
}

/** Commits that somebody has seen and the backup does not hold: the first one of each chain. */
function lostCommits(copy: DatabaseSync, heads: readonly ChainHead[]): string[] {
  const last = copy.prepare('SELECT max(seq) AS seq FROM commits WHERE chain = ?');
  const lost = heads.flatMap(({ chain, seq }) => {
    const held = Number(last.get(chain)?.['seq'] ?? 0);
    return seq > held ? [`${chain}:${held + 1}`] : [];
  });
  return [...new Set(lost)];
}
