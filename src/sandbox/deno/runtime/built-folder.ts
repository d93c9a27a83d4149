/**
 * A folder of files that are built once on this machine: by one process at a time, and put in its place
 * whole. What does not match its hash is built again. The hashes find what broke; whoever may write to
 * the folder may change them too, and could as well change Deno.
 */
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { withBuildLock } from './build-lock.ts';

/** A build may take this long. */
export const BUILD_LIMIT_MS = 180_000;

const HASHES = 'hashes.json';

/** Two versions of Skein on one machine don't take each other's away at once. */
const KEPT_MS = 14 * 24 * 3_600_000;

/** Such a folder; its path holds all that it is built from. */
export class BuiltFolder {
  readonly path: string;
  readonly #fill: (folder: string) => Promise<void>;
  // What the hashes were computed of, so that they are computed again only for other files. Nobody but
  // the kernel sets the time of an inode's change.
  #checked = '';
  #building: Promise<void> | null = null;

  constructor(folder: string, fill: (folder: string) => Promise<void>) {
    this.path = folder;
    this.#fill = fill;
  }

  /** Resolves when it is there and sound; throws `sandbox-failed` when it can't be built. */
  async ready(): Promise<void> {
    if (await this.#isSound()) return;
    this.#building ??= this.#build().finally(() => (this.#building = null));
    await this.#building;
  }

  async #isSound(): Promise<boolean> {
    try {
      const identity = await identityOf(this.path);
      if (identity === this.#checked) return true;
      const hashes = JSON.parse(await readFile(path.join(this.path, HASHES), 'utf8')) as object;
      const found = await hashFiles(this.path);
      if (JSON.stringify(found) !== JSON.stringify(hashes)) return false;
      // a change meanwhile makes it another one
      if ((await identityOf(this.path)) !== identity) return false;
      this.#checked = identity;
      return true;
    } catch {
      return false;
    }
  }

  async #build(): Promise<void> {
    await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 });
    await withBuildLock(`${this.path}.lock`, BUILD_LIMIT_MS, async () => {
      // another process may have built it while this one waited
      if (!(await this.#isSound())) await this.#replace();
    });
    if (await this.#isSound()) return;
    throw new SkeinError(
      'sandbox-failed',
      `Cannot build ${this.path}: it does not keep its content`,
    );
  }

  async #replace(): Promise<void> {
    const fresh = `${this.path}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    await this.#fill(fresh);
    const hashes = JSON.stringify(await hashFiles(fresh));
    await writeFile(path.join(fresh, HASHES), hashes, { mode: 0o600 });
    await rm(this.path, { recursive: true, force: true });
    await rename(fresh, this.path);
    await this.#sweep();
  }

  /** Takes away old ones of the same kind, of other versions: they are large. */
  async #sweep(): Promise<void> {
    const parent = path.dirname(this.path);
    const kind = path.basename(this.path).replace(/-[^-]*$/u, '');
    for (const name of await readdir(parent)) {
      if (!name.startsWith(`${kind}-`)) continue;
      const other = path.join(parent, name);
      if (other === this.path) continue;
      const old = await stat(other).catch(() => null);
      if (old === null || Date.now() - old.mtimeMs < KEPT_MS) continue;
      await rm(other, { recursive: true, force: true });
    }
  }
}

async function hashFiles(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).filter((name) => name !== HASHES).toSorted();
  const hashes = names.map(async (name) => [name, sha256(await readFile(path.join(folder, name)))]);
  return Object.fromEntries(await Promise.all(hashes)) as Record<string, string>;
}

async function identityOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).toSorted();
  const stats = await Promise.all(
    names.map((name) => stat(path.join(folder, name), { bigint: true })),
  );
  return stats
    .map(({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(':'))
    .join(' ');
}
