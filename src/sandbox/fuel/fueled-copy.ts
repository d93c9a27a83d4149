/** Binaries with fuel in a cache folder: made once for each binary and rewriter, then found there. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { injectFuel } from './inject-fuel.ts';

/** Higher whenever the same binary would be rewritten otherwise: copies of before are made anew. */
const REWRITER = 2;

/**
 * The path of `binary`'s copy with fuel. The name holds the hash of the original, so another version
 * of the package gets a copy of its own. Throws `sandbox-failed` for a binary that can't be rewritten.
 */
export async function fueledCopy(binary: string, cacheFolder: string): Promise<string> {
  const wasm = await readFile(binary);
  const target = join(cacheFolder, `${keyOf(wasm)}-${basename(binary)}`);
  if (await fileExists(target)) return target;
  await writeWhole(target, injectFuel(wasm));
  return target;
}

/** What a copy of these bytes is called by. */
export const keyOf = (wasm: Uint8Array): string => `${sha256(wasm).slice(0, 32)}-fuel${REWRITER}`;

/** Whether there is something at a path. */
export const fileExists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** All of it or nothing is at `path`, also when two do this at once or the machine stops amid it. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
