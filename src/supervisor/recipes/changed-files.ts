/** What the rewrites of a recipe make of files, one after the other: each sees what came before. */
import { sha256 } from '#lib/sha256.ts';
import type { FileEdit } from '#workspace/language/language.ts';

/** A file that some steps changed; `base` is the hash of what is on the disk. */
interface ChangedFile {
  readonly before: Buffer;
  readonly after: Buffer;
  readonly changes: number;
  readonly lines: readonly number[];
  readonly steps: readonly number[];
}
