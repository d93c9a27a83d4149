/** What a rewrite says of files: the edits, the places that were left alone, and why. */
import { sha256 } from '#lib/sha256.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import { indexLines } from '#workspace/language/syntax/words.ts';
import type { RewriteOutcome } from './rewrite.ts';
import type { RewrittenText } from './rewrite-file.ts';
import { type SourceText, toBytes } from './source-text.ts';

const NAMED = 5;

/** A file that holds the pattern; `result` is undefined when it is left alone as a whole. */
export interface FileResult {
  readonly path: string;
  readonly source: SourceText;
  readonly result: RewrittenText | undefined;
}

/** The outcome of a rewrite that has looked at `searched` files. */
export function outcomeOf(found: readonly FileResult[], searched: number): RewriteOutcome {
  return {
    edits: found.flatMap((each) => editOf(each) ?? []),
    listed: found.flatMap(listPlaces),
    warnings: warningsOf(found),
    searched,
  };
}

function editOf({ path, source, result }: FileResult): FileEdit | undefined {
  if (source.type === 'left' || result === undefined || result.text === source.text) return;
  const after = toBytes(source.bytes, result.text);
  const lines = indexLines(source.text);
  return {
    path,
    baseHash: sha256(source.bytes),
    afterHash: sha256(after),
    after,
    changes: result.replaced.length,
    lines: [...new Set(result.replaced.map((offset) => lines.positionAt(offset).line + 1))],
  };
}

function listPlaces({ path, source, result }: FileResult): readonly Occurrence[] {
  if (source.type === 'left') return [];
  const lines = indexLines(source.text);
  return (result?.left ?? []).map(({ offset }) => {
    const { line, character } = lines.positionAt(offset);
    const preview = lines.previewAt(offset);
    return { path, line: line + 1, column: character + 1, class: 'unresolved', preview };
  });
}

/** One sentence for each reason, with the first few places. */
function warningsOf(found: readonly FileResult[]): readonly string[] {
  const places = new Map<string, string[]>();
  const note = (what: string, place: string): void => {
    places.set(what, [...(places.get(what) ?? []), place]);
  };
  for (const { path, source, result } of found) {
    if (source.type === 'left') {
      note(`left as a whole, because ${source.reason}`, path);
      continue;
    }
    const lines = indexLines(source.text);
    for (const { offset, reason } of result?.left ?? []) {
      const { line } = lines.positionAt(offset);
      note(`left as it is, because ${reason}`, `${path}:${line + 1}`);
    }
    if ((result?.again ?? 0) > 0) note('the new code holds the pattern again', path);
  }
  return [...places].map(([what, where]) => {
    const more = where.length > NAMED ? ` and ${where.length - NAMED} more` : '';
    return `${where.slice(0, NAMED).join(', ')}${more}: ${what}`;
  });
}
