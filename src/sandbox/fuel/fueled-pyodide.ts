/** Pyodide with fuel: a folder like its package's, whose interpreter counts its instructions. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileExists, keyOf } from './fueled-copy.ts';
import { FUEL_EXPORT, injectFuel } from './inject-fuel.ts';

const BINARY = 'pyodide.asm.wasm';
/** What a start reads beside the binary. */
const PARTS = [
  'pyodide.mjs',
  'pyodide.asm.mjs',
  'pyodide-lock.json',
  'package.json',
  'python_stdlib.zip',
];

/** Where it lies, and the export that holds the counter (see `FUEL_EXPORT`, and `catchCounter` to get it). */
export interface FueledPyodide {
  /** To be given as `indexURL`, instead of the package's folder. */
  readonly folder: string;
  readonly counterExport: string;
}

/**
 * Pyodide's package in `pyodideFolder`, with fuel, in a folder of `cacheFolder`: made at the first time,
 * then found there. The counter is a measure and a limit for honest programs, no wall: Python reaches the
 * JavaScript around it, and so could set it. A wall is the kill of the process. Only the interpreter
 * counts, not what it loads beside (wheels with machine code). Throws `sandbox-failed`.
 */
export async function fueledPyodide(
  pyodideFolder: string,
  cacheFolder: string,
): Promise<FueledPyodide> {
  const wasm = await readFile(join(pyodideFolder, BINARY));
  const folder = join(cacheFolder, `${keyOf(wasm)}-pyodide`);
  if (!(await fileExists(join(folder, BINARY)))) await build(pyodideFolder, folder, wasm);
  return { folder, counterExport: FUEL_EXPORT };
}

/** All of it or nothing is at `folder`; when two do this at once, the first one's stays. */
async function build(pyodideFolder: string, folder: string, wasm: Uint8Array): Promise<void> {
  const draft = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  try {
    await Promise.all(PARTS.map((part) => copyFile(join(pyodideFolder, part), join(draft, part))));
    const file = await open(join(draft, BINARY), 'wx', 0o600);
    try {
      await file.writeFile(injectFuel(wasm));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await fileExists(join(folder, BINARY)))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
