/**
 * What git made of contents before: while a mission works on a repository the same files are stored
 * several times (by their task, for the review, for the git commit), and only the first time git has
 * to read them. Kept with the opened repository and gone with it; content is told by its SHA-256.
 */
import { sha256 } from '#lib/sha256.ts';
import { gitId } from '#protocol/shape.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { RawChange, TreeEntry } from './raw-changes.ts';

/** A file of a change: attributes of `base`, a commit or tree by its id, say how git stores it. */
interface StoredFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const MOST_FILES = 20_000;
const MOST_TREES = 10_000;
const MOST_INDEX_BYTES = 8 * 1024 * 1024;

interface Known {
  readonly base: string;
  readonly entries: Map<string, TreeEntry>;
  /** Trees that were made of files. */
  readonly trees: Set<string>;
  /** The index that `git read-tree` made of the base. */
  index: Buffer | undefined;
}

const byRepository = new WeakMap<Repository, Known>();

/** What is known on top of `base`; the base of before is forgotten. A name may move: it is not kept. */
function knownOf(repository: Repository, base: string): Known | undefined {
  if (gitId.problem(base, 'base') !== undefined) return undefined;
  const before = byRepository.get(repository);
  if (before?.base === base) return before;
  const known: Known = { base, entries: new Map(), trees: new Set(), index: undefined };
  byRepository.set(repository, known);
  return known;
}

/** Then how git stores a file depends on which others are stored with it. */
const changesAttributes = (files: readonly StoredFile[]): boolean =>
  files.some(({ path }) => /(?:^|\/)\.gitattributes$/iu.test(path));

const keyOf = (path: string, bytes: Uint8Array): string => `${sha256(bytes)} ${path}`;

/** How git stored each of `files` before; undefined unless all of them are known. */
export function recallEntries(
  repository: Repository,
  base: string,
  files: readonly StoredFile[],
): readonly TreeEntry[] | undefined {
  const entries = knownOf(repository, base)?.entries;
  if (entries === undefined || entries.size === 0 || changesAttributes(files)) return undefined;
  const found = files.flatMap(({ path, bytes }) => entries.get(keyOf(path, bytes)) ?? []);
  return found.length === files.length ? found : undefined;
}

/** A tree that was made of files of the base: `changes` are what differs in it. */
export interface MadeTree {
  readonly tree: string;
  readonly changes: readonly RawChange[];
}

/** Keeps the tree, and how git stored those of `files` that differ from the base. */
export function rememberTree(
  repository: Repository,
  base: string,
  files: readonly StoredFile[],
  { tree, changes }: MadeTree,
): void {
  const known = knownOf(repository, base);
  if (known === undefined) return;
  const { entries, trees } = known;
  if (trees.size >= MOST_TREES) trees.clear();
  trees.add(tree);
  if (changesAttributes(files)) return;
  if (entries.size + files.length > MOST_FILES) entries.clear();
  const stored = new Map(changes.map(({ path, to }) => [path, to]));
  for (const { path, bytes } of files) {
    const entry = stored.get(path);
    if (entry !== undefined) entries.set(keyOf(path, bytes), entry);
  }
}

/** Whether the tree was made here, of files on top of a base. */
export const isMadeTree = (repository: Repository, tree: string): boolean =>
  byRepository.get(repository)?.trees.has(tree) === true;

/** The index of the base, when it was read before. */
export const recallIndex = (repository: Repository, base: string): Buffer | undefined =>
  knownOf(repository, base)?.index;

/** Keeps the index of the base, unless it is very large. */
export function rememberIndex(repository: Repository, base: string, index: Buffer): void {
  const known = knownOf(repository, base);
  if (known !== undefined && index.length <= MOST_INDEX_BYTES) known.index = index;
}

/** Nothing is known any more: git has lost an object that it had. */
export function forgetObjects(repository: Repository): void {
  byRepository.delete(repository);
}
