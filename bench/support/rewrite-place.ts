/**
 * A repository in which the same rewrite is made again and again, by missions and by the plain
 * script, and what that left: git trees, which must all be one, and a record.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openForReading } from '#ledger/store/database.ts';
import { assertSound, temporaryFolder } from './bench-space.ts';
import { makeRepository, OLD_NAME, type RepositorySize } from './many-files.ts';
import { askSkein, stopNode, timeNode, timeSkein } from './skein-process.ts';

const PLAIN = fileURLToPath(new URL('./plain-rewrite.ts', import.meta.url));

/** Types are the same before and after, and each use changes. */
const PATTERN = `${OLD_NAME}(price + $N)`;
const REPLACEMENT = `${OLD_NAME}($N + price)`;
const CHECK = 'true';

/** What missions of one place left on the record; sizes in bytes. */
export interface RewriteRecord {
  readonly missions: number;
  /** Of all missions together. */
  readonly events: number;
  readonly bodyBytes: number;
  readonly largestEventBytes: number;
  readonly ledgerBytes: number;
  /** Contents are the same for all missions, and stored once. */
  readonly blobBytes: number;
}

/** A place at work; times in milliseconds, of a process from start to exit. */
export interface RewritePlace {
  readonly mission: (jobs: number) => number;
  /** `types`: with the same type check of the whole change that a mission makes. */
  readonly script: (...more: readonly 'types'[]) => number;
  /** What the node holds in memory just now, in bytes. */
  readonly nodeBytes: () => number;
  /** Stops the node, checks that all made the same git tree, and reads the record. */
  readonly close: () => Promise<RewriteRecord>;
  readonly dispose: () => void;
}

/** Makes the repository; the node starts with the first mission. */
export function openRewritePlace(size: RepositorySize): RewritePlace {
  const folder = temporaryFolder();
  const [home, repository] = [join(folder.path, 'home'), join(folder.path, 'repository')];
  mkdirSync(repository);
  makeRepository(repository, size);
  let scripts = 0;
  return {
    mission: (jobs) => {
      const goal = `rewrite ${PATTERN} to ${REPLACEMENT}`;
      const checked = ['--check', CHECK, '--jobs', `${jobs}`, '--yes'];
      return timeSkein(home, 'run', goal, '--repo', repository, ...checked);
    },
    script: (...more) => {
      scripts += 1;
      const worktree = join(folder.path, `plain-${scripts}`);
      const work = [repository, worktree, PATTERN, REPLACEMENT, CHECK, ...more];
      return timeNode([PLAIN, ...work], home).durationMs;
    },
    nodeBytes: () => {
      const { rssBytes } = JSON.parse(askSkein(home, 'status', '--json')) as { rssBytes: number };
      return rssBytes;
    },
    close: async () => {
      await stopNode(home);
      const missions = assertOneTree(repository);
      return readRecord(join(home, 'spaces'), missions);
    },
    dispose: () => {
      timeSkein(home, 'down');
      folder.dispose();
    },
  };
}

/** Answers how many missions there were. */
function assertOneTree(repository: string): number {
  const list = (folder: string): string[] => {
    const args = ['for-each-ref', '--format=%(tree)', `refs/heads/${folder}/`];
    const printed = execFileSync('git', args, { cwd: repository, encoding: 'utf8' });
    return printed.split('\n').filter(Boolean);
  };
  const [missions, plain] = [list('skein'), list('plain')];
  assertSound(missions.length > 0 && plain.length > 0, 'a mission or a script made no git commit');
  const trees = new Set([...missions, ...plain]);
  assertSound(trees.size === 1, `${trees.size} different git trees of one change`);
  return missions.length;
}

function readRecord(spaces: string, missions: number): RewriteRecord {
  const [space = ''] = readdirSync(spaces);
  const file = (name: string): string => join(spaces, space, name);
  const database = openForReading(file('ledger.db'));
  const row = database
    .prepare(
      `SELECT count(*) AS events, sum(length(body)) AS bodies, max(length(body)) AS largest
       FROM events WHERE mission IS NOT NULL`,
    )
    .get();
  database.close();
  return {
    missions,
    events: Number(row?.['events']),
    bodyBytes: Number(row?.['bodies']),
    largestEventBytes: Number(row?.['largest']),
    ledgerBytes: statSync(file('ledger.db')).size,
    blobBytes: statSync(file('blobs.db')).size,
  };
}
