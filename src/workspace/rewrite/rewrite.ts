/**
 * The port of rewriting by patterns: `planRewrite` (plan-rewrite.ts) is asked with a pattern and its
 * replacement and answers with edits; nothing is written. A pattern is code of the file's language in
 * which `$NAME` stands for one node and `$$$NAME` for any number of them (as in ast-grep, which finds
 * the places). What stands between the parts that pattern and replacement share is kept byte for byte.
 *
 * A place is left as it is, and listed, when the rewrite would change more than it says: the code has
 * something the pattern does not name, or what is put in would be read as part of what stands around
 * it and parentheses do not help, or the file would no longer parse.
 * Errors: `pattern-invalid` for what no language of the files can read; `interrupted` by `signal`.
 */
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';

/** What to rewrite. `files` are the tracked regular files, relative to `root`, with `/`. */
export interface RewriteRequest {
  readonly root: string;
  readonly files: readonly string[];
  readonly pattern: string;
  readonly replacement: string;
  /** Only files that one of these matches; none = all. */
  readonly globs?: readonly string[];
  /** What earlier steps have made of files, instead of what is on the disk. */
  readonly contents?: ReadonlyMap<string, Buffer>;
  /** Finds nothing, instead of an error, with a pattern of TypeScript where all files are JavaScript. */
  readonly mayBeTyped?: boolean;
  readonly signal?: AbortSignal;
}

/** What a rewrite would do. `listed` are the places left alone; `searched` counts the files read. */
export interface RewriteOutcome {
  readonly edits: readonly FileEdit[];
  readonly listed: readonly Occurrence[];
  readonly warnings: readonly string[];
  readonly searched: number;
}

/** Half-open span of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
