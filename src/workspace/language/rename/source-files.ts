/**
 * Reads the tracked files a rename has to look at, each once. A fast byte scan decides which: files
 * that hold the word, and modules that pass on all exports of another one. Symbolic links are left
 * out (their target is tracked by its own name), as is what is not text.
 */
import fs from 'node:fs';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { isCodePath } from '#workspace/language/syntax/parse-source.ts';
import { type LineIndex, findWords, indexLines } from '#workspace/language/syntax/words.ts';

/** Larger source files are not analysed; one that holds the word makes the rename refuse. */
export const FILE_LIMIT_BYTES = 2 * 1024 * 1024;
/** Larger files of any kind are not searched. */
const SEARCH_LIMIT_BYTES = 32 * 1024 * 1024;

/** A file that holds the word; `text` is without byte order mark. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly text: string;
  readonly hasMark: boolean;
  readonly isCode: boolean;
  /** It is not valid UTF-8: it can be listed but never edited. */
  readonly isForeign: boolean;
  /** It has one of the words; else it only passes on what others export. */
  readonly holdsWord: boolean;
  readonly lines: LineIndex;
}

/** What was found in the tracked files. */
export interface SourceFiles {
  /** Files that hold the first word. */
  readonly named: readonly SourceFile[];
  /** Code files that hold another of the words, or pass on a whole module. */
  readonly related: readonly SourceFile[];
  readonly warnings: readonly string[];
  /** All tracked regular files. */
  readonly tracked: ReadonlySet<string>;
}

const PASSES_ON =
  /\bexport\s*\*|\bmodule\.exports\s*=\s*(?:require\b|[\w$]+\s*;?\s*$)|\.\.\.\s*(?:require\(|[\w$]+\s*[,}])|\bassign\s*\(\s*(?:module\.)?exports|__exportStar/m;

/** Reads the files among `files` that matter for `words`; the first word is the old name. */
export function readSourceFiles(
  root: string,
  files: readonly string[],
  words: readonly [string, ...string[]],
): SourceFiles {
  const named: SourceFile[] = [];
  const related: SourceFile[] = [];
  const warnings: string[] = [];
  const tracked = new Set<string>();
  const needles = words.map((word) => Buffer.from(word));
  for (const file of files) {
    const size = regularSize(path.join(root, file));
    if (size === undefined) continue;
    tracked.add(file);
    if (size > SEARCH_LIMIT_BYTES) {
      warnings.push(`${file} was not searched: it has more than 32 MB`);
      continue;
    }
    const bytes = fs.readFileSync(path.join(root, file));
    const found = needles.map((needle) => bytes.includes(needle));
    const isCode = isCodePath(file);
    if (!found[0] && !isCode) continue;
    const passesOn = isCode && size <= FILE_LIMIT_BYTES && PASSES_ON.test(bytes.toString('latin1'));
    if (!passesOn && !found.includes(true)) continue;
    if (bytes.includes(0) && !isUtf16(bytes)) continue;
    const decoded = decodeSource(file, bytes);
    const holds = words.map(
      (word, index) => found[index] && findWords(decoded.text, word).length > 0,
    );
    const source = { ...decoded, holdsWord: holds.includes(true) };
    if (isCode && size > FILE_LIMIT_BYTES && holds[0]) refuseHuge(file);
    if (holds[0]) named.push(source);
    else if (isCode && (passesOn || holds.includes(true)) && size <= FILE_LIMIT_BYTES) {
      related.push(source);
    }
  }
  return { named, related, warnings, tracked };
}

function regularSize(file: string): number | undefined {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : undefined;
}

const isUtf16 = (bytes: Buffer): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

/** The bytes of a file as text. */
export function decodeSource(file: string, bytes: Buffer): Omit<SourceFile, 'holdsWord'> {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const content = hasMark ? bytes.subarray(3) : bytes;
  let text: string;
  let isForeign = false;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    text = content.toString('latin1');
    isForeign = true;
  }
  const lines = indexLines(text);
  return { path: file, bytes, text, hasMark, isCode: isCodePath(file), isForeign, lines };
}

function refuseHuge(file: string): never {
  throw new SkeinError('rename-refused', `Cannot rename: ${file} has more than 2 MB and the name`, {
    fix: 'Remove the file from git if it is generated, or rename it there by hand first',
    details: { path: file },
  });
}
