/** Reads the files a rewrite looks at, and says which of them it must leave alone. */
import { isUtf8 } from 'node:buffer';
import fs from 'node:fs/promises';
import path from 'node:path';
import { MAX_EDIT_BYTES } from '#workspace/file-edit.ts';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** Larger files are not even read. */
const SEARCH_LIMIT_BYTES = 32 * 1024 * 1024;
/** Files of more signs hold data, and each sign costs: this many may take some seconds. */
const MAX_SIGNS = 150_000;
/** A marker of generated files counts in the comment that they begin with. */
const HEADER_LINES = 30;
const GENERATED = /@generated\b|\bgenerated\b.{0,80}\bdo not (?:edit|modify)\b/isu;

/** A file as text, without its byte order mark; or why it is left alone. */
export type SourceText =
  | { readonly type: 'text'; readonly bytes: Buffer; readonly text: string }
  | { readonly type: 'left'; readonly bytes: Buffer; readonly reason: string };

/**
 * Reads a regular file below `root`; undefined when it is none (a symlink, missing). The bytes of
 * one that is too large are empty.
 */
export async function readSource(root: string, file: string): Promise<SourceText | undefined> {
  const absolute = path.join(root, file);
  const stats = await fs.lstat(absolute).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  if (stats.size > SEARCH_LIMIT_BYTES) {
    return { type: 'left', bytes: Buffer.alloc(0), reason: 'it is too large to be searched' };
  }
  return toSource(file, await fs.readFile(absolute));
}

/** The same for bytes that are at hand. */
export function toSource(file: string, bytes: Buffer): SourceText {
  const left = (reason: string): SourceText => ({ type: 'left', bytes, reason });
  if (bytes.byteLength > MAX_EDIT_BYTES) return left('it is larger than 2 MiB');
  if (!isUtf8(bytes)) return left('it is not UTF-8');
  const text = bytes.toString('utf8', hasMark(bytes) ? MARK.length : 0);
  if (/(?:^|\/)node_modules\//u.test(file)) return left('it is an installed package');
  if (/\.min\.[a-z]+$/u.test(file) || GENERATED.test(headerOf(text))) {
    return left('it is generated');
  }
  if (countSigns(text) > MAX_SIGNS) return left(`it has more than ${MAX_SIGNS} signs`);
  return { type: 'text', bytes, text };
}

/** Characters that are neither part of a word nor blank. */
function countSigns(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/[^\w\s]/gu)) count += 1;
  return count;
}

function headerOf(text: string): string {
  const lines = text.split('\n', HEADER_LINES);
  const code = lines.findIndex((line) => !/^\s*(?:$|\/[/*]|\*|#|<!--)/u.test(line));
  return lines.slice(0, code < 0 ? lines.length : code).join('\n');
}

const hasMark = (bytes: Buffer): boolean => bytes.subarray(0, MARK.length).equals(MARK);

/** The bytes of a new text of the file that had `before`, with the same byte order mark. */
export const toBytes = (before: Buffer, text: string): Buffer =>
  Buffer.concat([hasMark(before) ? MARK : Buffer.alloc(0), Buffer.from(text, 'utf8')]);
