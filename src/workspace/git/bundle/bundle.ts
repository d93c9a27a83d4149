/**
 * A tree of a repository as a git bundle, so that another machine can have it: one commit without
 * parents around it, and of its objects those that the other side lacks. What comes in is looked at
 * in a place of its own, beside the repository: what does not hold together never gets into it.
 */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { gitId } from '#protocol/shape.ts';
import type { Repository } from '../open-repository.ts';
import { runGit, type GitCall, type GitResult } from '../run-git.ts';

/** The largest bundle in bytes: what is larger is not worked on elsewhere. */
export const MAX_BUNDLE_BYTES = 192 * 1024 * 1024;

/** How many trees of the other side are looked at, the first ones. */
export const MOST_HAVE = 16;

/** The name under which a bundle has its commit. */
const REF = 'refs/skein/tree';

/** Whose objects: a repository with or without a working tree. */
export type ObjectsOf = Pick<Repository, 'gitDir' | 'commonDir' | 'objectFormat'>;

/** A tree, and trees that the other side has all objects of. */
export interface BundleRequest {
  readonly tree: string;
  readonly have: readonly string[];
}

/** Runs git where the objects of the repository are, and besides them those of the bundle. */
export type GitBeside = (args: readonly string[], more?: Partial<GitCall>) => Promise<GitResult>;

/** Makes a bundle; those of `have` that are not here are left out. Throws `payload-too-large`. */
export function makeBundle(place: ObjectsOf, { tree, have }: BundleRequest): Promise<Buffer> {
  return beside(place, async (git) => {
    const known: string[] = [];
    for (const each of have.slice(0, MOST_HAVE)) {
      if (each !== tree && (await isTree(git, each))) known.push(each);
    }
    const commit = await storeCommit(git, tree);
    const needs = [];
    for (const each of known) needs.push(await storeCommit(git, each));
    // The trees are named: commits that are no ancestors would not keep their objects out.
    const input = [commit, ...[...needs, ...known].map((each) => `^${each}`)].join('\n');
    const args = ['pack-objects', '--revs', '--thin', '--delta-base-offset', '--stdout', '-q'];
    const { stdout } = await git(args, { input: `${input}\n`, timeoutMs: 600_000 });
    assertSize(stdout.length);
    const head = headOf(place, { commit, needs });
    return Buffer.concat([Buffer.from(head), stdout]);
  });
}

/**
 * Unpacks a bundle of `tree` that was made for who has `have`, and lets `work` look at it: all objects
 * are there, sound, and reachable. Afterwards all of it is gone. Throws `workspace-failed`.
 */
export function withBundle<T>(
  place: ObjectsOf,
  bundle: Buffer,
  request: BundleRequest,
  work: (git: GitBeside) => Promise<T>,
): Promise<T> {
  return beside(place, async (git) => {
    await unpack(place, git, { bundle, ...request });
    return work(git);
  });
}

/** Puts the objects of a bundle into the repository, once they have been looked at. */
export async function storeBundle(
  place: ObjectsOf,
  bundle: Buffer,
  request: BundleRequest,
): Promise<void> {
  await withBundle(place, bundle, request, async () => undefined);
  await unpack(place, gitIn(place), { bundle, ...request });
}

const refused = (state: string, cause?: unknown): SkeinError =>
  new SkeinError('workspace-failed', `Cannot read a git bundle: ${state}`, { cause });

function assertSize(bytes: number): void {
  if (bytes <= MAX_BUNDLE_BYTES) return;
  throw new SkeinError(
    'payload-too-large',
    `Cannot send a git bundle of ${bytes} bytes: the limit is ${MAX_BUNDLE_BYTES}`,
  );
}

interface Parts {
  readonly commit: string;
  readonly needs: readonly string[];
}

/** As in gitformat-bundle(5); SHA-256 came with its version 3. */
function headOf(
  { objectFormat }: Pick<ObjectsOf, 'objectFormat'>,
  { commit, needs }: Parts,
): string {
  const version =
    objectFormat === 'sha1'
      ? '# v2 git bundle\n'
      : `# v3 git bundle\n@object-format=${objectFormat}\n`;
  return `${version}${needs.map((each) => `-${each} \n`).join('')}${commit} ${REF}\n\n`;
}

const MAX_HEAD_BYTES = 8 * 1024;

function splitHead(bundle: Buffer): { readonly lines: readonly string[]; readonly pack: Buffer } {
  const end = bundle.subarray(0, MAX_HEAD_BYTES).indexOf('\n\n');
  if (end === -1) throw refused('it has no head');
  return { lines: bundle.toString('utf8', 0, end).split('\n'), pack: bundle.subarray(end + 2) };
}

interface Unpacking extends BundleRequest {
  readonly bundle: Buffer;
}

async function unpack(
  place: ObjectsOf,
  git: GitBeside,
  { bundle, tree, have }: Unpacking,
): Promise<void> {
  assertSize(bundle.length);
  const { lines, pack } = splitHead(bundle);
  const commit = await storeCommit(git, tree);
  const needs: string[] = [];
  for (const each of have) if (await isTree(git, each)) needs.push(await storeCommit(git, each));
  const said = lines.flatMap((line) => (line.startsWith('-') ? [line.slice(1).trim()] : []));
  if (said.some((each) => !needs.includes(each))) throw refused('it builds on what is not here');
  if (lines.join('\n') !== headOf(place, { commit, needs: said }).trim()) {
    throw refused(`it is not of the tree ${tree}`);
  }
  const args = ['index-pack', '--stdin', '--strict', '--fix-thin'];
  try {
    await git([...args, `--max-input-size=${MAX_BUNDLE_BYTES}`], {
      input: pack,
      timeoutMs: 600_000,
    });
    await git(['rev-list', '--objects', '--quiet', commit], { timeoutMs: 600_000 });
  } catch (cause) {
    throw refused('its objects are damaged or not complete', cause);
  }
}

/** The same for the same tree, on every machine. */
async function storeCommit(git: GitBeside, tree: string): Promise<string> {
  if (gitId.problem(tree, 'tree') !== undefined) throw refused('that is no tree');
  const who = 'Skein <skein@localhost> 0 +0000';
  const input = `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nA tree\n`;
  const { stdout } = await git(['hash-object', '-t', 'commit', '-w', '--stdin'], { input });
  return stdout.toString().trim();
}

/** Whether the repository has the tree. */
export const hasTree = (place: ObjectsOf, tree: string): Promise<boolean> =>
  isTree(gitIn(place), tree);

async function isTree(git: GitBeside, tree: string): Promise<boolean> {
  if (gitId.problem(tree, 'tree') !== undefined) return false;
  const { code, stdout } = await git(['cat-file', '-t', tree], { okCodes: [0, 1, 128] });
  return code === 0 && stdout.toString().trim() === 'tree';
}

/** Git in the repository itself. */
export const gitIn =
  ({ gitDir }: ObjectsOf): GitBeside =>
  (args, more = {}) =>
    runGit({
      cwd: gitDir,
      ...more,
      args: [`--git-dir=${gitDir}`, ...args],
      settings: ['core.fsync=committed,loose-object', ...(more.settings ?? [])],
    });

/** New objects go to a folder that is thrown away; git sees those of the repository beside it. */
async function beside<T>(place: ObjectsOf, work: (git: GitBeside) => Promise<T>): Promise<T> {
  const { gitDir, commonDir } = place;
  const root = await mkdtemp(join(tmpdir(), 'skein-bundle-'));
  const objects = join(root, 'objects');
  try {
    await mkdir(objects);
    return await work((args, more = {}) =>
      runGit({
        cwd: root,
        ...more,
        args: [`--git-dir=${gitDir}`, ...args],
        environment: {
          GIT_OBJECT_DIRECTORY: objects,
          GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(commonDir, 'objects')),
          ...more.environment,
        },
        settings: ['core.fsync=none', ...(more.settings ?? [])],
      }),
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** In the list of folders a colon would end the path, but not inside quotes. */
const quoted = (path: string): string => `"${path.replaceAll(/["\\]/gu, '\\$&')}"`;
