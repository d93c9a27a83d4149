/** Missions that change lines of a small file, and the question why a line is as it is. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { OpenedRecord } from '#supervisor/history/why/explain-commit.ts';
import type { LineOrigin, MissionWhy, WhyAnswer } from '#supervisor/history/why/why-answer.ts';
import { whyLine, type WhyRequest } from '#supervisor/history/why/why-line.ts';
import { assertEnded, openSwarmWorld, type SwarmWorld } from '../swarm/swarm-world.ts';
import type { Contents, TestGoal } from '../swarm/test-recipe.ts';

/** Long enough to be recognised by git when it is moved. */
export const LINES = [
  'the first line speaks of apples and of pears and of nothing else',
  'the second line speaks of bread and of butter and of nothing else',
  'the third line speaks of coffee and of tea and of nothing else',
  'the fourth line speaks of dates and of figs and of nothing else',
] as const;

/** The file of LINES in which some words were replaced. */
export function textWith(...replaced: readonly (readonly [string, string])[]): string {
  const text = replaced.reduce((all, [from, to]) => all.replace(from, to), LINES.join('\n'));
  return `${text}\n`;
}

const goal = (edits: Contents): TestGoal => ({ plan: () => ({ edits }) });

/** `milk`: butter becomes milk in line 2; `honey`: milk becomes honey there; `juice`: tea in line 3. */
const GOALS: Readonly<Record<string, TestGoal>> = {
  milk: goal({ 'food.txt': textWith(['butter', 'milk']) }),
  honey: goal({ 'food.txt': textWith(['butter', 'honey']) }),
  juice: goal({ 'food.txt': textWith(['tea', 'juice']) }),
};

/** A repository with `food.txt`; `more` goals and files may be added. */
export const openWhyWorld = (
  more: Readonly<Record<string, TestGoal>> = {},
  files: Contents = {},
): Promise<SwarmWorld> =>
  openSwarmWorld({ files: { 'food.txt': textWith(), ...files }, goals: { ...GOALS, ...more } });

/** Carries out a goal and merges its branch as a person does; answers the mission. */
export async function runAndMerge(
  world: SwarmWorld,
  ofGoal: string,
  checks: readonly string[] = [],
): Promise<string> {
  const ended = await world.run(ofGoal, { checks });
  assertEnded(world, ended, 'done');
  world.repository.git('merge', '--quiet', '--ff-only', `skein/${ended.mission}`);
  return ended.mission;
}

/** Asks about `<file>:<line>` of the repository. */
export function ask(
  { space, repository }: SwarmWorld,
  where: string,
  more: Partial<WhyRequest> = {},
): Promise<WhyAnswer> {
  const [file = '', line = ''] = where.split(':');
  const request = { folder: repository.top, file, line: Number(line), all: false, ...more };
  const record: OpenedRecord = { ledger: space.ledger, damaged: false };
  return whyLine(request, async (id) => (id === space.ledger.space ? record : undefined));
}

/** The last change of the line. */
export const originOf = async (...asked: Parameters<typeof ask>): Promise<LineOrigin> =>
  (await ask(...asked)).origins[0] as LineOrigin;

/** The mission that made the line; throws with what is known instead when there is none. */
export async function missionOf(...asked: Parameters<typeof ask>): Promise<MissionWhy> {
  const origin = await originOf(...asked);
  if (origin.mission !== null) return origin.mission;
  throw new Error(`no mission: ${origin.by} ${origin.notes.join(' ')}`);
}

/** Takes bodies or blobs away, as pruning does. */
export function erase({ space }: SwarmWorld, file: 'ledger.db' | 'blobs.db', sql: string): void {
  const database = new DatabaseSync(join(space.folder, file), { timeout: 5_000 });
  database.exec(sql);
  database.close();
}
