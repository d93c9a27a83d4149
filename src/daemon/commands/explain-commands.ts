/** Commands that explain: why a line is as it is, what two missions did otherwise. They change nothing. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { toSkeinError } from '#protocol/errors.ts';
import { compareMissions, type SideSource } from '#supervisor/history/compare/compare-missions.ts';
import type { OpenedRecord } from '#supervisor/history/why/explain-commit.ts';
import { whyLine } from '#supervisor/history/why/why-line.ts';
import { openRepository, type Repository } from '#workspace/git/open-repository.ts';
import { readInput, repositoryOf, type Handler } from './command-input.ts';
import type { Spaces } from '../spaces.ts';

const askedLine = z.object({
  folder: z.string().refine(isAbsolute, 'the folder is not absolute'),
  file: z.string().min(1).max(4_096),
  line: z.int().min(1),
  at: z.string().min(1).max(1_000).optional(),
  all: z.boolean(),
});

const placedMission = z.object({ mission: z.string(), space: z.string() });

type PlacedMission = z.infer<typeof placedMission>;

const askedPair = z.object({ a: placedMission, b: placedMission, diff: z.boolean() });

/** By name, as they come through the door. */
export const explainCommands: Readonly<Record<string, Handler>> = {
  'line.why': ({ spaces }, command) =>
    whyLine(readInput(askedLine, command), (space) => openRecord(spaces, space)),
  'mission.compare': async ({ spaces }, command) => {
    const { a, b, diff } = readInput(askedPair, command);
    return compareMissions(await sideOf(spaces, a), await sideOf(spaces, b), diff);
  },
};

async function sideOf(spaces: Spaces, { mission, space }: PlacedMission): Promise<SideSource> {
  const ledger = await spaces.open(space);
  return { ledger, mission, repository: await repositoryIfHere(spaces, space) };
}

/** A record outlives its repository. */
async function repositoryIfHere(spaces: Spaces, space: string): Promise<Repository | undefined> {
  try {
    return await openRepository(repositoryOf(spaces, space));
  } catch (thrown) {
    if (toSkeinError(thrown).name === 'repository-not-found') return undefined;
    throw thrown;
  }
}

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
