/**
 * Which files a rename changes, and which importing files it sets aside because the new name means
 * something else there. Those can go on using the old name, by an alias of the import. One that
 * imports by a default needs no edit for that; any other is left open for agents to look into.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { OpenFile } from '#workspace/language/language.ts';
import type { Candidate } from './candidates.ts';
import { type Clash, findClash } from './find-clash.ts';
import {
  type RewrittenFile,
  type Rewriting,
  importedHere,
  rewriteFile,
  toFileEdit,
} from './rewrite.ts';
import type { GraphFile } from './symbol-graph.ts';
import { newError, verifyRename, type VerifyContext } from './verify-rename.ts';

/** A file in which the plain rename does not fit, and how it looks with an alias. */
interface Misfit {
  readonly plain: RewrittenFile;
  readonly aliased: RewrittenFile;
  readonly clash: Clash;
}

/** What becomes of a file that imports the symbol. */
export type Fitting =
  | { readonly type: 'plain'; readonly plain: RewrittenFile }
  /** It need not change at all: the import is of a default. */
  | { readonly type: 'unneeded'; readonly plain: RewrittenFile; readonly clash: Clash }
  | (Misfit & { readonly type: 'misfit' });

/** Tries the plain rename in one file; undefined when it has nothing to rename. */
export function fitPlain(rewriting: Rewriting, file: GraphFile): Fitting | undefined {
  const plain = rewriteFile(rewriting, file);
  if (plain === undefined) return undefined;
  const clash = findClash(plain, rewriting.to);
  if (clash === undefined) return { type: 'plain', plain };
  const aliased = rewriteFile(rewriting, file, true);
  return aliased === undefined
    ? { type: 'unneeded', plain, clash }
    : { type: 'misfit', plain, aliased, clash };
}

/** The files of a rename. */
export interface Division {
  readonly changed: readonly RewrittenFile[];
  readonly open: readonly Misfit[];
  /** As the plain rename makes them: not needed, since a default import may have any name. */
  readonly unneeded: readonly RewrittenFile[];
  /** Where the old name stays in use, whether the file changes or not. */
  readonly keeping: readonly string[];
}

/** Divides the files; throws `rename-refused` for an alias where nothing is imported. */
export function divideFiles(
  rewriting: Rewriting,
  candidate: Candidate,
  aliasIn: readonly string[],
): Division {
  const changed: RewrittenFile[] = [];
  const open: Misfit[] = [];
  const unneeded: RewrittenFile[] = [];
  const declaring = new Set(candidate.declarations.map(({ file }) => file));
  const wanted = new Set(aliasIn);
  for (const file of rewriting.graph.files.values()) {
    const isImporting = !declaring.has(file) && importedHere(rewriting, file).length > 0;
    if (!isImporting || wanted.delete(file.source.path)) {
      const rewritten = rewriteFile(rewriting, file, isImporting);
      if (rewritten) changed.push(rewritten);
      continue;
    }
    const fitting = fitPlain(rewriting, file);
    if (fitting?.type === 'misfit') open.push(fitting);
    else if (fitting?.type === 'unneeded') unneeded.push(fitting.plain);
    else if (fitting) changed.push(fitting.plain);
  }
  for (const path of wanted) throw notImported(rewriting, path);
  const paths = unneeded.map(({ file }) => file.source.path);
  return { changed, open, unneeded, keeping: [...new Set([...aliasIn, ...paths])] };
}

const notImported = ({ graph, to }: Rewriting, path: string): SkeinError =>
  new SkeinError(
    'rename-refused',
    `Cannot rename ${graph.name} to ${to} with an alias in ${path}: it is not imported there`,
    { fix: 'Plan the rename again without the alias', details: { path } },
  );

/**
 * Verifies the rename with aliases in the files set aside, so that what is left open can be closed.
 * Where even that fails, the refusal is that of the plain rename.
 */
export async function verifyDivision(
  { changed, open, unneeded }: Division,
  context: VerifyContext,
): Promise<void> {
  try {
    await verifyRename([...changed, ...open.map(({ aliased }) => aliased)], context);
  } catch (refusal) {
    const plain = [...open.map((each) => each.plain), ...unneeded];
    if (plain.length > 0) await verifyRename([...changed, ...plain], context);
    throw refusal;
  }
}

/** A file that is left open, as it is told. */
export function toOpenFile(rewriting: Rewriting, { plain, clash }: Misfit): OpenFile {
  const { path, lines } = plain.file.source;
  const imports = new Set(importedHere(rewriting, plain.file).map(({ start }) => start));
  const starts = plain.replacements.map(({ start }) => start);
  const ordered = [
    ...starts.filter((start) => imports.has(start)),
    ...starts.filter((start) => !imports.has(start)),
  ];
  const places = ordered.map((start) => {
    const { line, character } = lines.positionAt(start);
    return { path, line: line + 1, column: character + 1, preview: lines.previewAt(start) };
  });
  // A capture parses, and may even have the right type: nobody must be able to propose it.
  const isNoticed = newError(plain) !== undefined;
  return { path, places, why: clash, plain: isNoticed ? toFileEdit(plain) : null };
}
