/**
 * A person's repository with a model beside it: plain maps that say what every git commit must look
 * like when it is checked out, made from what the person did and not from what git says.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** A file as it lies on the disk; of a link `bytes` are where it points. */
export interface ModelFile {
  readonly kind: 'file' | 'program' | 'link';
  readonly bytes: Buffer;
}

/** A whole tree by path. */
export type ModelTree = ReadonlyMap<string, ModelFile>;

/** What the repository begins with: line ends of one kind are git's business, not ours. */
export const FIRST_FILES: Readonly<Record<string, string>> = {
  '.gitattributes': '*.bat text eol=crlf\n*.bin binary\n',
  'src/one.txt': 'one\n',
  'src/deep/two.txt': 'two\nzwei\n',
  'three.md': '# Three\n',
  'run.bat': 'echo four\r\n',
};

/** The person at work: changes files at random and commits them. */
export class PersonRepository {
  readonly #temp: TempRepository;
  readonly #random: SeededRandom;
  readonly #commits = new Map<string, ModelTree>();
  readonly #files = new Map<string, ModelFile>();
  #names = 0;

  constructor(temp: TempRepository, random: SeededRandom) {
    this.#temp = temp;
    this.#random = random;
    for (const [path, text] of Object.entries(FIRST_FILES)) {
      this.#files.set(path, { kind: 'file', bytes: Buffer.from(text) });
    }
    this.#remember();
  }

  /** What a git commit holds. */
  treeOf(commit: string): ModelTree {
    const tree = this.#commits.get(commit);
    assert.ok(tree !== undefined, `the model knows no git commit ${commit}`);
    return tree;
  }

  /** A few changes of every kind, then a git commit. */
  work(): void {
    for (let left = 1 + this.#random.below(4); left > 0; left -= 1) this.#change();
    this.#temp.git('add', '--all');
    // What was done may have been undone.
    this.#temp.git('commit', '--quiet', '--allow-empty', '--message', 'Work');
    this.#remember();
  }

  /** Takes the branch of a mission over when that is all it needs; `tree` is what it made. */
  merge(commit: string, tree: ModelTree): void {
    const { git } = this.#temp;
    if (git('merge-base', 'HEAD', commit) !== git('rev-parse', 'HEAD')) return;
    git('merge', '--quiet', '--ff-only', commit);
    this.#files.clear();
    for (const [path, file] of tree) this.#files.set(path, file);
    this.#remember();
  }

  /** Up to `most` files that a mission may edit, with new contents of their kind. */
  chooseEdits(most: number): ReadonlyMap<string, Buffer> {
    const paths = [...this.#files]
      .filter(([path, { kind }]) => kind !== 'link' && path !== '.gitattributes')
      .map(([path]) => path);
    const chosen = this.#random.shuffle(paths).slice(0, 1 + this.#random.below(most));
    return new Map(chosen.map((path) => [path, this.#content(path)]));
  }

  /** The content that a file has in the person's tree now. */
  bytesOf(path: string): Buffer {
    return this.#files.get(path)?.bytes ?? Buffer.alloc(0);
  }

  #remember(): void {
    this.#commits.set(this.#temp.git('rev-parse', 'HEAD').trim(), new Map(this.#files));
  }

  #change(): void {
    const { pick, below } = this.#random;
    const files = [...this.#files].filter(([path]) => path !== '.gitattributes');
    const [path, file] = pick(files);
    const isLink = file.kind === 'link';
    switch (pick(['edit', 'add', 'rename', 'remove', 'mode', 'link'] as const)) {
      case 'edit':
        return this.#put(path, isLink ? this.#newLink() : { ...file, bytes: this.#content(path) });
      case 'add': {
        const added = this.#newName(pick(['.txt', '.bin', '.bat', '.sh']));
        const kind = added.endsWith('.sh') ? 'program' : 'file';
        return this.#put(added, { kind, bytes: this.#content(added) });
      }
      case 'rename':
        this.#remove(path);
        return this.#put(this.#newName(/\.\w+$/u.exec(path)?.[0] ?? ''), file);
      case 'remove':
        if (files.length > 4) this.#remove(path);
        return;
      case 'mode':
        if (isLink) return;
        return this.#put(path, { ...file, kind: file.kind === 'file' ? 'program' : 'file' });
      case 'link':
        return this.#put(this.#newName(''), this.#newLink());
      default:
        throw new Error(`nothing is done at random ${below(1)}`);
    }
  }

  #newLink(): ModelFile {
    const target = this.#random.pick(['three.md', '../nowhere', 'src', './run.bat']);
    return { kind: 'link', bytes: Buffer.from(target) };
  }

  #newName(ending: string): string {
    this.#names += 1;
    const folder = this.#random.pick(['', 'src/', 'src/deep/', 'data/', 'été/']);
    return `${folder}file ${this.#names}${ending}`;
  }

  /** Contents never come twice; those that git converts are such that it gives them back. */
  #content(path: string): Buffer {
    this.#names += 1;
    const random = this.#random;
    if (path.endsWith('.bin'))
      return Buffer.from(random.fill(Buffer.alloc(8 + random.below(3_000))));
    const end = path.endsWith('.bat') ? '\r\n' : random.pick(['\n', '\n', '\r\n']);
    const lines = Array.from({ length: random.below(40) }, () => `line ${random.below(9)}`);
    const last = path.endsWith('.bat') || random.below(3) > 0 ? end : '';
    return Buffer.from([...lines, `content ${this.#names}`].join(end) + last);
  }

  #put(path: string, file: ModelFile): void {
    this.#files.set(path, file);
    const place = join(this.#temp.top, path);
    mkdirSync(dirname(place), { recursive: true });
    rmSync(place, { force: true });
    if (file.kind === 'link') return symlinkSync(file.bytes.toString('utf8'), place);
    writeFileSync(place, file.bytes);
    chmodSync(place, file.kind === 'program' ? 0o755 : 0o644);
  }

  #remove(path: string): void {
    this.#files.delete(path);
    rmSync(join(this.#temp.top, path));
  }
}

/** Reads a folder as a tree, without what git keeps there; links are not followed. */
export function readTree(folder: string): ModelTree {
  const tree = new Map<string, ModelFile>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const inside = path === '' ? entry.name : `${path}/${entry.name}`;
      if (inside === '.git') continue;
      if (entry.isDirectory()) visit(inside);
      else tree.set(inside, readFile(join(folder, inside)));
    }
  };
  visit('');
  return tree;
}

function readFile(place: string): ModelFile {
  const stats = lstatSync(place);
  if (stats.isSymbolicLink()) return { kind: 'link', bytes: Buffer.from(readlinkSync(place)) };
  const kind = (stats.mode & 0o100) === 0 ? 'file' : 'program';
  return { kind, bytes: readFileSync(place) };
}

/** Throws unless both trees are the same, byte for byte; `what` names the place. */
export function assertSameTree(actual: ModelTree, expected: ModelTree, what: string): void {
  const names = (tree: ModelTree): string[] =>
    Array.from(tree, ([path, { kind }]) => `${path} ${kind}`).toSorted();
  assert.deepEqual(names(actual), names(expected), what);
  for (const [path, { bytes }] of expected) {
    const found = actual.get(path)?.bytes ?? Buffer.alloc(0);
    assert.ok(
      found.equals(bytes),
      `${what}: ${path} has ${found.length} bytes, not ${bytes.length}`,
    );
  }
}
