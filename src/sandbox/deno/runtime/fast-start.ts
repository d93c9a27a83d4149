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
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { PythonFiles } from '../driver/python.ts';
import { BUILD_LIMIT_MS, BuiltFolder } from './built-folder.ts';
import type { RuntimeFiles } from './runtime-files.ts';
import { startProcess } from './start-process.ts';

const FORMAT = 1;
const BUILD_BYTES = 2 * 1024 * 1024 * 1024;
const LIBRARY = 'library.zip';
const MEMORY = 'memory.bin';

/** What a runtime starts from: the folder and extension of its driver, and Python's files. */
export interface StartFiles {
  readonly driver: string;
  readonly extension: 'js' | 'ts';
  readonly python: PythonFiles | null;
}

/** The fast start of one set of versions. */
export class FastStart {
  readonly #files: RuntimeFiles;
  readonly #driver: BuiltFolder;
  readonly #python: BuiltFolder;

  constructor(files: RuntimeFiles, cacheFolder: string) {
    this.#files = files;
    const key = keyOf(files);
    this.#driver = new BuiltFolder(path.join(cacheFolder, `driver-${key}`), (folder) =>
      this.#step(['driver', files.driver, folder], [files.driver], folder),
    );
    this.#python = new BuiltFolder(path.join(cacheFolder, `python-${key}`), async (folder) => {
      const library = path.join(folder, LIBRARY);
      await this.#pythonStep('library', this.#slowPython.library, library);
      await this.#pythonStep('snapshot', library, path.join(folder, MEMORY));
    });
  }

  /** The files to start from, built first when they are not there; the slow ones when they can't be. */
  async get(runtime: 'python' | 'javascript'): Promise<StartFiles> {
    const [isDriver, isPython] = await Promise.all([
      isReady(this.#driver),
      runtime === 'python' ? isReady(this.#python) : false,
    ]);
    // Deno judges paths, and does not follow links
    const driver = isDriver ? await realpath(this.#driver.path) : this.#files.driver;
    const python = isPython ? await this.#fastPython() : this.#slowPython;
    const extension = isDriver ? 'js' : 'ts';
    return { driver, extension, python: runtime === 'python' ? python : null };
  }

  async #fastPython(): Promise<PythonFiles> {
    const folder = await realpath(this.#python.path);
    const [library, snapshot] = [path.join(folder, LIBRARY), path.join(folder, MEMORY)];
    return { pyodide: this.#files.pyodide, library, snapshot };
  }

  /** As the package ships it: some seconds to start. */
  get #slowPython(): PythonFiles {
    const { pyodide } = this.#files;
    return { pyodide, library: path.join(pyodide, 'python_stdlib.zip'), snapshot: '' };
  }

  #pythonStep(step: 'library' | 'snapshot', library: string, target: string): Promise<void> {
    const { pyodide, driver } = this.#files;
    return this.#step([step, pyodide, library, target], [pyodide, driver, library], target);
  }

  async #step(args: readonly string[], read: readonly string[], write: string): Promise<void> {
    const limits = { ...CODE_LIMITS, memoryBytes: BUILD_BYTES, cpuMs: BUILD_LIMIT_MS };
    const script = path.join(this.#files.driver, 'build.ts');
    const launch = { script, runtime: 'python', args, read, write, limits } as const;
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
