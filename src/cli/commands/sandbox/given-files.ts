/** Copies of files below a folder, as a run is given them. */
import { matchesGlob } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { gatherFiles, type PathTest } from '#sandbox/files/gather-files.ts';
import type { Limits } from '#sandbox/limits.ts';

/** A file in the body of `POST /v1/sandbox/runs`; `content` is base64. */
export interface GivenFile {
  readonly path: string;
  readonly content: string;
  readonly executable?: boolean;
}

/**
 * The files below `root` that one of the globs means (a folder means all in it), of those that
 * `isOpen` lets through. Throws `not-found` when globs mean none, `limit-reached` for too much.
 */
export async function givenFiles(
  root: string,
  globs: readonly string[],
  limits: Limits,
  isOpen: PathTest = () => true,
): Promise<readonly GivenFile[]> {
  if (globs.length === 0) return [];
  const patterns = globs.map((glob) => glob.replace(/^\.\//u, ''));
  const include: PathTest = (path) =>
    isOpen(path) &&
    patterns.some((glob) => matchesGlob(path, glob) || matchesGlob(path, `${glob}/**`));
  // They are large, and a glob about one's own files seldom means them: who wants them says so.
  const wanted = globs.some((glob) => glob.includes('node_modules'));
  const exclude: PathTest = (path) => !wanted && path.split('/').includes('node_modules');
  const files = await gatherFiles(root, { include, exclude, limits });
  if (files.length === 0) {
    const message = `Cannot find files like ${globs.join(' or ').slice(0, 200)}`;
    throw new SkeinError('not-found', message, {
      fix: `A glob begins at ${root} and may need quotes, such as "src/**/*.py".`,
    });
  }
  return files.map(({ path, content, executable }) => ({
    path,
    content: Buffer.from(content).toString('base64'),
    ...(executable === undefined ? {} : { executable }),
  }));
}
