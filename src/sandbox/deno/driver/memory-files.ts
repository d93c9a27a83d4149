/**
 * The files of a JavaScript program: a working folder `/work` in memory, reached by the functions of Deno
 * that programs use most (`readTextFile`, `writeFile`, `readDir`, `stat` ..., each also as `...Sync`).
 * There are no links, no modes and no open files, and `node:fs` does not know them.
 */
import { problem } from './deno-global.ts';
import type { Entry } from './left-files.ts';

const WORK = '/work';

interface WriteOptions {
  readonly append?: boolean;
  readonly create?: boolean;
  readonly createNew?: boolean;
}

interface Info {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly size: number;
}

/** Makes an error of a kind that Deno has: `NotFound`, `AlreadyExists`, `NotADirectory`. */
export type MakeError = (kind: string, message: string) => Error;

/** The working folder. Paths are as programs write them; an error is one that Deno would throw. */
export class MemoryFiles {
  readonly files = new Map<string, Uint8Array>();
  readonly #folders = new Set<string>();
  readonly #makeError: MakeError;

  constructor(makeError: MakeError = (kind, message) => problem(`${kind}: ${message}`)) {
    this.#makeError = makeError;
  }

  /** The files by path, as they go to the host. */
  *entries(): Generator<Entry> {
    for (const [path, content] of [...this.files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      yield { path, size: content.length, read: () => content, what: 'a file' };
    }
  }

  readFile(path: string | URL): Uint8Array {
    const content = this.files.get(this.#resolve(path));
    if (content === undefined) throw this.#missing(path);
    return content.slice();
  }

  readTextFile(path: string | URL): string {
    return new TextDecoder().decode(this.readFile(path));
  }

  writeFile(path: string | URL, content: Uint8Array, options: WriteOptions = {}): void {
    const name = this.#resolve(path);
    const old = this.files.get(name);
    if (name === '' || this.#isFolder(name)) throw this.#error('IsADirectory', path);
    if (!this.#isFolder(parentOf(name)) || (old === undefined && options.create === false)) {
      throw this.#missing(path);
    }
    if (old !== undefined && options.createNew === true) throw this.#error('AlreadyExists', path);
    const added = content.slice();
    this.files.set(name, options.append === true && old !== undefined ? join(old, added) : added);
  }

  writeTextFile(path: string | URL, text: string, options: WriteOptions = {}): void {
    this.writeFile(path, new TextEncoder().encode(text), options);
  }

  mkdir(path: string | URL, { recursive = false }: { readonly recursive?: boolean } = {}): void {
    const name = this.#resolve(path);
    if (this.files.has(name)) throw this.#error('AlreadyExists', path);
    if (!recursive && this.#isFolder(name)) throw this.#error('AlreadyExists', path);
    if (!recursive && !this.#isFolder(parentOf(name))) throw this.#missing(path);
    for (let folder = name; folder !== ''; folder = parentOf(folder)) this.#folders.add(folder);
  }

  remove(path: string | URL, { recursive = false }: { readonly recursive?: boolean } = {}): void {
    const name = this.#resolve(path);
    if (this.files.delete(name)) {
      // its folder stays, as on a disk
      this.#keepFolder(parentOf(name));
      return;
    }
    if (!this.#isFolder(name)) throw this.#missing(path);
    const isBelow = (other: string): boolean => other.startsWith(`${name}/`);
    const below = [...this.files.keys(), ...this.#folders].filter(isBelow);
    if (below.length > 0 && !recursive) throw this.#error('NotEmpty', path);
    for (const other of below) {
      this.files.delete(other);
      this.#folders.delete(other);
    }
    this.#folders.delete(name);
  }

  rename(from: string | URL, to: string | URL): void {
    this.copyFile(from, to);
    this.remove(from);
  }

  copyFile(from: string | URL, to: string | URL): void {
    this.writeFile(to, this.readFile(from));
  }

  stat(path: string | URL): Info {
    const name = this.#resolve(path);
    const content = this.files.get(name);
    const isDirectory = this.#isFolder(name);
    if (content === undefined && !isDirectory) throw this.#missing(path);
    return { isFile: !isDirectory, isDirectory, isSymlink: false, size: content?.length ?? 0 };
  }

  /** Name and kind of what lies in a folder, by name. */
  readDir(path: string | URL): (Omit<Info, 'size'> & { readonly name: string })[] {
    const folder = this.#resolve(path);
    if (!this.#isFolder(folder)) throw this.#missing(path);
    const start = folder === '' ? '' : `${folder}/`;
    const names = [...this.files.keys(), ...this.#folders]
      .filter((other) => other.startsWith(start) && other !== folder)
      .map((other) => other.slice(start.length).split('/')[0] ?? '');
    return [...new Set(names)].toSorted().map((name) => {
      const isFile = this.files.has(`${start}${name}`);
      return { name, isFile, isDirectory: !isFile, isSymlink: false };
    });
  }

  #isFolder(name: string): boolean {
    if (name === '' || this.#folders.has(name)) return true;
    for (const other of this.files.keys()) if (other.startsWith(`${name}/`)) return true;
    return false;
  }

  #keepFolder(name: string): void {
    if (name !== '') this.#folders.add(name);
  }

  #resolve(path: string | URL): string {
    const text = path instanceof URL ? decodeURIComponent(path.pathname) : String(path);
    const parts: string[] = [];
    for (const part of (text.startsWith('/') ? text : `${WORK}/${text}`).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    if (parts[0] !== WORK.slice(1)) throw this.#missing(path);
    return parts.slice(1).join('/');
  }

  #missing(path: string | URL): Error {
    return this.#error('NotFound', path);
  }

  #error(kind: string, path: string | URL): Error {
    return this.#makeError(kind, `${kind} in the files of this run: ${String(path)}`);
  }
}

const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
