/** What a bundle would change, read without storing anything of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEditFile } from '#workspace/file-edit.ts';
import type { RawChange } from '#workspace/trees/raw-changes.ts';
import { withBundle, type ObjectsOf } from './bundle.ts';
import { changesBetween, writePaths } from './tree-files.ts';

/** The tree of a bundle, the one it was made from, and the files whose contents are wanted. */
export interface BundleQuestion {
  readonly tree: string;
  readonly base: string;
  readonly paths: readonly string[];
}

/** All entries that differ from the base, and the wanted files as a checkout would have them. */
export interface BundleContents {
  readonly changes: readonly RawChange[];
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Reads it; throws `workspace-failed` for a bundle that is not what it says. */
export async function readBundle(
  place: ObjectsOf,
  bundle: Buffer,
  { tree, base, paths }: BundleQuestion,
): Promise<BundleContents> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-far-'));
  try {
    return await withBundle(place, bundle, { tree, have: [base] }, async (git) => {
      const changes = await changesBetween(git, base, tree);
      const gone = new Set(changes.flatMap(({ path, status }) => (status === 'D' ? [path] : [])));
      await writePaths(git, tree, { paths: paths.filter((path) => !gone.has(path)), folder });
      const contents = new Map<string, Buffer>();
      for (const path of paths) {
        const bytes = gone.has(path) ? null : await readEditFile(folder, path).catch(() => null);
        if (bytes !== null) contents.set(path, bytes);
      }
      return { changes, contents };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
