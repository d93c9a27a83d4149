/**
 * What makes Python start fast: the standard library compiled, and the memory of an interpreter that has
 * imported the common modules. Built once on this machine for each version, by one process at a time,
 * and put in its place whole. What does not match its hash is built again. The hashes find what broke;
 * whoever may write to the folder may change them too, and could as well change Deno.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { PythonFiles } from '../driver/python.ts';
import { withBuildLock } from './build-lock.ts';
import type { RuntimeFiles } from './runtime-files.ts';
import { startProcess } from './start-process.ts';

const FORMAT = 1;
const BUILD_LIMIT_MS = 180_000;
const FILES = ['library.zip', 'memory.bin'] as const;
const SOURCES = ['build.ts', 'build_library.py', 'python.ts', 'skein_run.py'];

type Hashes = Readonly<Record<(typeof FILES)[number], string>>;

/** The fast start of one set of versions. */
export class FastStart {
  readonly #files: RuntimeFiles;
  readonly #folder: string;
  // What a hash was computed of, so that it is computed again only for another file. Nobody but the
  // kernel sets the time of an inode's change.
  #checked = '';
  #building: Promise<void> | null = null;

  constructor(files: RuntimeFiles, cacheFolder: string) {
    this.#files = files;
    this.#folder = path.join(cacheFolder, `python-${keyOf(files)}`);
  }

  /** The files to start from, built first when they are not there. Without a fast start, the slow one. */
  async get(): Promise<PythonFiles> {
    try {
      if (!(await this.#isSound())) {
        this.#building ??= this.#build().finally(() => (this.#building = null));
        await this.#building;
      }
      const [library, snapshot] = FILES.map((name) => path.join(this.#folder, name));
      return { pyodide: this.#files.pyodide, library: library ?? '', snapshot: snapshot ?? '' };
    } catch {
      return this.slow;
    }
  }

  /** As the package ships it: some seconds to start. */
  get slow(): PythonFiles {
    const { pyodide } = this.#files;
    return { pyodide, library: path.join(pyodide, 'python_stdlib.zip'), snapshot: '' };
  }

  async #isSound(): Promise<boolean> {
    try {
      const identity = await identityOf(this.#folder);
      if (identity === this.#checked) return true;
      const text = await readFile(path.join(this.#folder, 'hashes.json'), 'utf8');
      const hashes = JSON.parse(text) as Hashes;
      for (const name of FILES) {
        const content = await readFile(path.join(this.#folder, name));
        if (sha256(content) !== hashes[name]) return false;
      }
      // a change meanwhile makes it another one
      if ((await identityOf(this.#folder)) !== identity) return false;
      this.#checked = identity;
      return true;
    } catch {
      return false;
    }
  }

  async #build(): Promise<void> {
    await mkdir(path.dirname(this.#folder), { recursive: true, mode: 0o700 });
    await withBuildLock(`${this.#folder}.lock`, BUILD_LIMIT_MS, async () => {
      // another process may have built it while this one waited
      if (await this.#isSound()) return;
      const temporary = `${this.#folder}.${process.pid}.new`;
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary, { mode: 0o700 });
      try {
        await this.#fill(temporary);
        await rm(this.#folder, { recursive: true, force: true });
        await rename(temporary, this.#folder);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    });
    if (!(await this.#isSound())) throw failed('what was built does not match its hashes');
  }

  async #fill(folder: string): Promise<void> {
    const [library = '', memory = ''] = FILES.map((name) => path.join(folder, name));
    await this.#step('library', this.slow.library, library);
    await this.#step('snapshot', library, memory);
    const hashes: Hashes = {
      'library.zip': sha256(await readFile(library)),
      'memory.bin': sha256(await readFile(memory)),
    };
    await writeFile(path.join(folder, 'hashes.json'), JSON.stringify(hashes), { mode: 0o600 });
  }

  async #step(step: 'library' | 'snapshot', library: string, target: string): Promise<void> {
    const { pyodide, driver } = this.#files;
    const started = startProcess(
      this.#files,
      {
        script: 'build.ts',
        args: [step, pyodide, library, target],
        read: [pyodide, driver, library],
        write: target,
        limits: { ...CODE_LIMITS, memoryBytes: 2 ** 31, cpuMs: BUILD_LIMIT_MS },
      },
      undefined,
    );
    const timer = setTimeout(() => void started.kill(), BUILD_LIMIT_MS);
    started.stdout?.resume();
    const words = started.stderr?.toArray().catch(() => []);
    const { exitCode } = await started.ended;
    clearTimeout(timer);
    if (exitCode === 0) return;
    throw failed(Buffer.concat((await words) ?? []).toString('utf8'));
  }
}

const failed = (state: string): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot build the fast start of Python: ${state}`);

function keyOf({ denoVersion, pyodideVersion, driver }: RuntimeFiles): string {
  const sources = SOURCES.map((name) => readFileSync(path.join(driver, name), 'utf8'));
  return sha256(JSON.stringify([FORMAT, denoVersion, pyodideVersion, sources])).slice(0, 16);
}

async function identityOf(folder: string): Promise<string> {
  const names = [...FILES, 'hashes.json'];
  const stats = await Promise.all(
    names.map((name) => stat(path.join(folder, name), { bigint: true })),
  );
  return stats
    .map(({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(':'))
    .join(' ');
}
