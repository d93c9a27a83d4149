/**
 * Why a file of a rename could not be edited plainly, and which other way there is. Scopes alone
 * answer that: no server is started, so an agent can ask in the middle of its work.
 */
import { readEditFile } from '#workspace/file-edit.ts';
import type { Clash } from './rename/find-clash.ts';
import { fitPlain } from './rename/set-aside.ts';
import { decodeSource } from './rename/source-files.ts';
import { createGraph, innerOf, linkModules } from './rename/symbol-graph.ts';
import { analyzeFile } from './syntax/analyze-file.ts';
import { isCodePath, parseSource } from './syntax/parse-source.ts';
import { indexLines } from './syntax/words.ts';

/** The way out where a file has another use for the new name: `RenameRequest.aliasIn`. */
export const IMPORT_ALIAS = 'import-alias';

/** An edit that a guardrail refused, in a rename of `from` to `to` (names without container). */
export interface RefusedEdit {
  readonly root: string;
  readonly path: string;
  readonly from: string;
  readonly to: string;
  /** The content that was refused; absent where there was nothing to propose. */
  readonly after?: Uint8Array;
}

/** What was found: one sentence without full stop, and the way that would work, if there is one. */
export interface EditDiagnosis {
  readonly finding: string;
  readonly strategy: typeof IMPORT_ALIAS | null;
}

/** Diagnoses by what the file is on the disk now. Throws `path-refused` for what is no such file. */
export async function diagnoseRefusal(edit: RefusedEdit): Promise<EditDiagnosis> {
  const { root, path, to } = edit;
  const before = await readEditFile(root, path);
  if (before === null) return { finding: `${path} is gone`, strategy: null };
  const clash = importClash(edit, before);
  if (clash !== undefined) return { finding: clash, strategy: IMPORT_ALIAS };
  const after = edit.after && Buffer.from(edit.after).toString('utf8');
  const finding =
    after === undefined ? undefined : (declaredTwice(path, after, to) ?? firstError(path, after));
  return { finding: finding ?? `nothing in ${path} is in the way of ${to}`, strategy: null };
}

/** What is in the way of calling what the file imports by the new name, if an alias would end it. */
function importClash({ path, from, to }: RefusedEdit, before: Buffer): Clash | undefined {
  const source = { ...decodeSource(path, before), holdsWord: true };
  const model = analyzeFile(path, source.text, [from]);
  const graph = createGraph(from, [{ source, model }], false);
  linkModules(graph, () => undefined);
  const file = graph.files.get(path);
  if (!file) return undefined;
  for (const site of model.sites) {
    if (site.declares !== 'import') continue;
    const fitting = fitPlain({ graph, set: graph.sets.find(innerOf({ file, site })), to }, file);
    if (fitting && fitting.type !== 'plain') return fitting.clash;
  }
  return undefined;
}

/** The places that declare one name twice. */
function declaredTwice(path: string, after: string, to: string): string | undefined {
  const { sites, bindingOf } = analyzeFile(path, after, [to]);
  const { positionAt } = indexLines(after);
  const declaring = sites.filter(({ declares }) => declares !== undefined);
  for (const [key, same] of Map.groupBy(declaring, bindingOf)) {
    if (key === undefined || same.length < 2) continue;
    const lines = new Set(same.map(({ start }) => positionAt(start).line + 1));
    const places = [...lines].map((line) => `${path}:${line}`);
    return `${to} is declared twice, in ${places.join(' and ')}`;
  }
  return undefined;
}

function firstError(path: string, after: string): string | undefined {
  const [error] = isCodePath(path) ? parseSource(path, after, true).errors : [];
  if (error === undefined) return undefined;
  const { line } = indexLines(after).positionAt(error.labels[0]?.start ?? 0);
  return `${path}:${line + 1} would not be valid: ${error.message}`;
}
