/** What a home knows of a space beside its record, in `space.json`: its name here, and who made it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '#ledger/store/durable-file.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';

/** `founder` is the key of another node that made the space; absent: this one did. */
export interface SpaceAbout {
  readonly founder?: string;
  readonly name?: string;
}

/** The name of the file in a space's folder. */
export const ABOUT_FILE = 'space.json';

const FORMAT = 1;

/** Of a space that has no such file nothing is known: it was made here, for a repository. */
export function readAbout(folder: string): SpaceAbout {
  const file = join(folder, ABOUT_FILE);
  if (!existsSync(file)) return {};
  const { format, ...about } = JSON.parse(readFileSync(file, 'utf8')) as SpaceAbout & {
    readonly format: number;
  };
  assertKnownFormat(format, FORMAT, file);
  return about;
}

/** Durable before the space has a record: who its founder is decides what counts there. */
export const writeAbout = (folder: string, about: SpaceAbout): void =>
  writeDurably(join(folder, ABOUT_FILE), `${JSON.stringify({ format: FORMAT, ...about })}\n`);
