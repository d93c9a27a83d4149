/**
 * What makes a start fast, built once for each version: the driver without types (Deno would take them
 * out at each start), the standard library of Python compiled, and the memory of an interpreter that has
 * imported the common modules.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { fueledPyodide } from '#sandbox/fuel/fueled-pyodide.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { PythonFiles } from '../driver/python.ts';
import type { Counting } from '../run/counting.ts';
import { BUILD_LIMIT_MS, BuiltFolder } from './built-folder.ts';
import type { RuntimeFiles } from './runtime-files.ts';
import { startProcess } from './start-process.ts';

const FORMAT = 1;
const BUILD_BYTES = 2 * 1024 * 1024 * 1024;
const LIBRARY = 'library.zip';
const MEMORY = 'memory.bin';

/** What Python starts from; `counter` is the export that holds its fuel, empty for one that does not count. */
export interface PythonStart extends PythonFiles {
  readonly counter: string;
}

/** What a runtime starts from: the folder and extension of its driver, and Python's files. */
export interface StartFiles {
  readonly driver: string;
  readonly extension: 'js' | 'ts';
  readonly python: PythonStart | null;
}

/** The fast start of one set of versions. */
export class FastStart {
  readonly #files: RuntimeFiles;
  readonly #driver: BuiltFolder;
  readonly #python: BuiltFolder;
  readonly #cacheFolder: string;
  readonly #key: string;
  #countingMemory: BuiltFolder | null = null;

  constructor(files: RuntimeFiles, cacheFolder: string) {
    this.#files = files;
    this.#cacheFolder = cacheFolder;
    const key = keyOf(files);
    this.#key = key;
    this.#driver = new BuiltFolder(path.join(cacheFolder, `driver-${key}`), (folder) =>
      this.#step(['driver', files.driver, folder], [files.driver], folder),
    );
    this.#python = new BuiltFolder(path.join(cacheFolder, `python-${key}`), async (folder) => {
      const library = path.join(folder, LIBRARY);
      const { pyodide } = files;
      await this.#pythonStep('library', this.#slowPython, library);
      await this.#pythonStep('snapshot', { pyodide, library }, path.join(folder, MEMORY));
    });
  }

  /** The files to start from, built first when they are not there; the slow ones when they can't be. */
  async get(runtime: 'python' | 'javascript', counting: Counting): Promise<StartFiles> {
    const [isDriver, isPython] = await Promise.all([
      isReady(this.#driver),
      runtime === 'python' ? isReady(this.#python) : false,
    ]);
    // Deno judges paths, and does not follow links
    const driver = isDriver ? await realpath(this.#driver.path) : this.#files.driver;
    const extension = isDriver ? 'js' : 'ts';
    if (runtime !== 'python') return { driver, extension, python: null };
    const plain = isPython ? await this.#fastPython() : this.#slowPython;
    const python = counting === 'none' ? plain : await this.#countingPython(plain);
    return { driver, extension, python };
  }

  /** Its interpreter counts; throws `sandbox-failed` when there can be none: nothing runs uncounted. */
  async #countingPython({ library }: PythonFiles): Promise<PythonStart> {
    const { folder, counterExport } = await fueledPyodide(this.#files.pyodide, this.#cacheFolder);
    const pyodide = await realpath(folder);
    const memory = this.#memoryOf(pyodide, library);
    // a snapshot is of one binary, and holds as much of time and chance as its start did: none
    const isFast = await isReady(memory);
    const snapshot = isFast ? path.join(await realpath(memory.path), MEMORY) : '';
    return { pyodide, library, snapshot, counter: counterExport };
  }

  #memoryOf(pyodide: string, library: string): BuiltFolder {
    const target = path.join(this.#cacheFolder, `${path.basename(pyodide)}-memory-${this.#key}`);
    if (this.#countingMemory?.path !== target) {
      this.#countingMemory = new BuiltFolder(target, (folder) =>
        this.#pythonStep('exact-snapshot', { pyodide, library }, path.join(folder, MEMORY)),
      );
    }
    return this.#countingMemory;
  }

  async #fastPython(): Promise<PythonStart> {
    const folder = await realpath(this.#python.path);
    const [library, snapshot] = [path.join(folder, LIBRARY), path.join(folder, MEMORY)];
    return { pyodide: this.#files.pyodide, library, snapshot, counter: '' };
  }

  /** As the package ships it: some seconds to start. */
  get #slowPython(): PythonStart {
    const { pyodide } = this.#files;
    return { pyodide, library: path.join(pyodide, 'python_stdlib.zip'), snapshot: '', counter: '' };
  }

  #pythonStep(
    step: 'library' | 'snapshot' | 'exact-snapshot',
    { pyodide, library }: Pick<PythonFiles, 'pyodide' | 'library'>,
    target: string,
  ): Promise<void> {
    const { driver } = this.#files;
    return this.#step([step, pyodide, library, target], [pyodide, driver, library], target);
  }

  async #step(args: readonly string[], read: readonly string[], write: string): Promise<void> {
    const limits = { ...CODE_LIMITS, memoryBytes: BUILD_BYTES, cpuMs: BUILD_LIMIT_MS };
    const script = path.join(this.#files.driver, 'build.ts');
    const launch = { script, runtime: 'counting-python', args, read, write, limits } as const;
    const started = startProcess(this.#files, launch, undefined);
    const timer = setTimeout(() => void started.kill(), BUILD_LIMIT_MS);
    started.stdout?.resume();
    const words = started.stderr?.toArray().catch(() => []);
    const { exitCode } = await started.ended;
    clearTimeout(timer);
    if (exitCode === 0) return;
    const said = Buffer.concat((await words) ?? []).toString('utf8');
    throw new SkeinError('sandbox-failed', `Cannot build the fast start: ${args[0]}: ${said}`);
  }
}

const isReady = (folder: BuiltFolder): Promise<boolean> =>
  folder.ready().then(
    () => true,
    () => false,
  );

function keyOf({ denoVersion, pyodideVersion, driver }: RuntimeFiles): string {
  const sources = readdirSync(driver)
    .filter((name) => !name.includes('.test.'))
    .toSorted()
    .map((name) => [name, readFileSync(path.join(driver, name), 'utf8')]);
  return sha256(JSON.stringify([FORMAT, denoVersion, pyodideVersion, sources])).slice(0, 16);
}
