/**
 * Takes what a run left: files that changed and may be taken, and why the others may not. Nothing here is
 * an error: whatever a program leaves, there is an answer, of bounded size. Nothing is applied.
 */
import { realpath } from 'node:fs/promises';
import { sha256 } from '#lib/sha256.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { ChangedFile, InputFile, RefusedFile } from '#sandbox/sandbox.ts';
import { MAX_PATH_BYTES, pathProblem } from './file-path.ts';
import type { FolderState } from './folder-state.ts';
import { hashAll, readAll, withFile } from './safe-read.ts';
import { findSettingsPath } from './settings-paths.ts';
import { MAX_ENTRIES, walkFolder } from './walk-folder.ts';

/**
 * Where the output is: a folder whose programs are all dead, or files as a program in memory sent them
 * (unchanged ones may be among them, and missing are only those in `deleted`).
 */
export type Output =
  | { readonly folder: string }
  | { readonly files: readonly InputFile[]; readonly deleted: readonly string[] };

/** What was there, what is there now, and how much of it is taken. */
export interface OutputRequest {
  readonly before: FolderState;
  readonly after: Output;
  readonly limits: Pick<Limits, 'outFiles' | 'outBytes' | 'fileBytes'>;
}

/** By path. Of refused files as many are named as may change. */
export interface TakenOutput {
  readonly changed: readonly ChangedFile[];
  readonly refused: readonly RefusedFile[];
}

/** What differs from before; never throws for anything a program left. */
export async function takeOutput({ before, after, limits }: OutputRequest): Promise<TakenOutput> {
  const basket = new Basket(before, limits);
  if ('folder' in after) await takeFolder(basket, after.folder);
  else takeFiles(basket, after);
  return basket.empty();
}

function takeFiles(basket: Basket, { files, deleted }: Exclude<Output, { folder: string }>): void {
  const gone = new Set(deleted);
  const left = [...basket.before.files.keys()].filter((path) => !gone.has(path));
  const present = new Set([...left, ...files.map(({ path }) => path)]);
  const seen = new Set<string>();
  for (const { path, content } of files) {
    if (seen.has(path)) basket.refuse(path, 'it was sent twice');
    else if (isBelow(path, present)) basket.refuse(path, 'a folder above it is a file');
    else basket.take(path, sha256(content), content);
    seen.add(path);
  }
  for (const path of gone) if (!seen.has(path)) basket.remove(path);
}

/** Whether a folder above `path` is one of `paths`. */
function isBelow(path: string, paths: ReadonlySet<string>): boolean {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    if (paths.has(path.slice(0, end))) return true;
  }
  return false;
}

async function takeFolder(basket: Basket, folder: string): Promise<void> {
  const root = await realpath(folder);
  const { entries, isWhole } = await walkFolder(root);
  if (!isWhole) {
    basket.refuse('.', `more than ${MAX_ENTRIES} files were left: nothing is taken`);
    return;
  }
  const hidden = new Set<string>();
  const seen = new Set<string>();
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    seen.add(entry.path);
    if (entry.type === 'file') await takeFile(basket, root, entry.path);
    else {
      basket.other(entry.path, entry.what);
      hidden.add(entry.path);
    }
  }
  // what lies below something that was not entered is not known to be gone
  const isKnown = (path: string): boolean =>
    !seen.has(path) && !hidden.has('') && !isBelow(path, hidden);
  for (const path of basket.before.files.keys()) if (isKnown(path)) basket.remove(path);
  for (const [path, what] of basket.before.others) {
    if (isKnown(path)) basket.refuse(path, `it was ${what}, and is gone`);
  }
}

async function takeFile(basket: Basket, root: string, path: string): Promise<void> {
  const opened = await withFile(root, path, async (file, stats) => {
    // unchanged ones may be of any size, and are not held
    const was = basket.before.files.get(path);
    if (was?.size === stats.size && was.sha256 === (await hashAll(file))) return null;
    const odd = oddity(stats);
    if (odd !== null) return odd;
    if (stats.size > basket.room) return basket.tooLarge(stats.size);
    return (await readAll(file, basket.room)) ?? basket.tooLarge(stats.size);
  });
  if (opened.type === 'missing') basket.refuse(path, 'it went away while it was read');
  else if (opened.type === 'refused') basket.other(path, opened.reason);
  else if (typeof opened.value === 'string') basket.refuse(path, opened.value);
  else if (opened.value !== null) basket.take(path, sha256(opened.value), opened.value);
}

/** What no ordinary program leaves on an ordinary file. */
function oddity({ mode, nlink }: { readonly mode: number; readonly nlink: number }): string | null {
  if ((mode & 0o7000) !== 0) return 'it is set to run as its owner or group, or sticky';
  return nlink === 1 ? null : 'it is a hard link: it has another name';
}

/** Collects changes until the limits are met. */
class Basket {
  readonly before: FolderState;
  readonly #limits: OutputRequest['limits'];
  readonly #changed: ChangedFile[] = [];
  readonly #refused: RefusedFile[] = [];
  #refusedCount = 0;
  #bytes = 0;

  constructor(before: FolderState, limits: OutputRequest['limits']) {
    this.before = before;
    this.#limits = limits;
  }

  /** How large the next file may be. */
  get room(): number {
    return Math.min(this.#limits.fileBytes, this.#limits.outBytes - this.#bytes);
  }

  tooLarge(size: number): string {
    const { fileBytes, outBytes } = this.#limits;
    return size > fileBytes
      ? `it is larger than ${fileBytes} bytes (limit fileBytes)`
      : `all that changed is more than ${outBytes} bytes (limit outBytes)`;
  }

  take(path: string, after: string, content: Uint8Array): void {
    const before = this.before.files.get(path)?.sha256 ?? null;
    if (before === after) return;
    if (content.length > this.room) this.refuse(path, this.tooLarge(content.length));
    else {
      const change = before === null ? 'added' : 'changed';
      this.#add({ path, change, before, after, content });
    }
  }

  remove(path: string): void {
    const before = this.before.files.get(path)?.sha256;
    if (before === undefined) this.refuse(path, 'it is said to be gone, and was never given');
    else this.#add({ path, change: 'deleted', before, after: null, content: null });
  }

  /** What is no file to take: fine when it was there before just so. */
  other(path: string, what: string): void {
    if (this.before.others.get(path) !== what) this.refuse(path, `it is ${what}`);
  }

  #add(file: ChangedFile): void {
    const problem = pathProblem(file.path) ?? settingsProblem(file.path);
    const { outFiles } = this.#limits;
    if (problem !== null) this.refuse(file.path, problem);
    else if (this.#changed.length >= outFiles) {
      this.refuse(file.path, `more than ${outFiles} files changed (limit outFiles)`);
    } else {
      this.#changed.push(file);
      this.#bytes += file.content?.length ?? 0;
    }
  }

  refuse(path: string, reason: string): void {
    this.#refusedCount += 1;
    if (this.#refused.length >= this.#limits.outFiles) return;
    this.#refused.push({ path: path.slice(0, MAX_PATH_BYTES), reason });
  }

  empty(): TakenOutput {
    const more = this.#refusedCount - this.#refused.length;
    const rest = more === 0 ? [] : [{ path: '.', reason: `${more} more files were refused` }];
    return {
      changed: this.#changed.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      refused: [...this.#refused.toSorted((a, b) => (a.path < b.path ? -1 : 1)), ...rest],
    };
  }
}

function settingsProblem(path: string): string | null {
  const found = findSettingsPath(path);
  return found === null ? null : `it is a setting (${found.name}): ${found.reason}`;
}
