/** Commands that explain: why a line is as it is. Nothing is changed by them. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { OpenedRecord } from '#supervisor/history/why/explain-commit.ts';
import { whyLine } from '#supervisor/history/why/why-line.ts';
import { readInput, type Handler } from '../command-input.ts';
import type { Spaces } from '../spaces.ts';

const askedLine = z.object({
  folder: z.string().refine(isAbsolute, 'the folder is not absolute'),
  file: z.string().min(1).max(4_096),
  line: z.int().min(1),
  at: z.string().min(1).max(1_000).optional(),
  all: z.boolean(),
});

/** By name, as they come through the door. */
export const explainCommands: Readonly<Record<string, Handler>> = {
  'line.why': ({ spaces }, command) =>
    whyLine(readInput(askedLine, command), (space) => openRecord(spaces, space)),
};

/** A git commit may name a record of any home, or none at all. */
async function openRecord(spaces: Spaces, space: string): Promise<OpenedRecord | undefined> {
  if (!spaces.list().includes(space)) return undefined;
  return { ledger: await spaces.open(space), damaged: isDamaged(spaces, space) };
}

function isDamaged(spaces: Spaces, space: string): boolean {
  try {
    spaces.assertWhole(space);
    return false;
  } catch {
    return true;
  }
}
