/** Finds missions by id, or by any unique beginning of one. */
import { realpathSync } from 'node:fs';
import type { EntityList, SpaceEntity } from '#api/door.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { NodeClient } from './node-client.ts';

/** A mission as the node lists it. */
export interface FoundMission {
  readonly id: string;
  readonly space: string;
  readonly version: number;
  readonly body: MissionState;
}

/** The shortest id that is worth showing: its time to the millisecond. */
export const shortId = (id: string): string => id.slice(0, 13);

/** States in which a mission is being worked on, or was when its node stopped. */
const WORKING = new Set(['planning', 'running']);

/** Whether nobody works on a mission that has not ended: its node died, or could not record more. */
export const isLeftAlone = ({ id, body }: FoundMission, atWork: readonly string[]): boolean =>
  WORKING.has(body.status) && !atWork.includes(id);

/** The state as a person should read it: a mission whose node died is not "running". */
export const statusWord = (mission: FoundMission, atWork: readonly string[]): string =>
  isLeftAlone(mission, atWork) ? 'stopped' : mission.body.status;

/** The missions that the node is working on. */
export async function missionsAtWork(client: NodeClient): Promise<readonly string[]> {
  const work = await client.get<{ missionsAtWork: string[] }>('/v1/work');
  return work.missionsAtWork;
}

/** All missions of the home, oldest first. */
export async function listMissions(client: NodeClient): Promise<FoundMission[]> {
  const { entities, unreadable } = await client.get<EntityList>('/v1/entities/mission');
  for (const { space, error } of unreadable) {
    process.stderr.write(
      `record ${space.slice(0, 12)}: ${error.detail} (${error.fix ?? 'skein verify'})\n`,
    );
  }
  return ([...entities] as unknown as FoundMission[]).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The latest mission of the repository that this command was called in, else of the home. */
async function latestHere(
  client: NodeClient,
  missions: readonly FoundMission[],
): Promise<FoundMission[]> {
  const { spaces } = await client.get<{ spaces: { space: string; repository: string | null }[] }>(
    '/v1/status',
  );
  const cwd = `${realpathSync(process.cwd())}/`;
  const here = new Set(
    spaces
      .filter(({ repository }) => repository !== null && cwd.startsWith(`${repository}/`))
      .map(({ space }) => space),
  );
  const ofHere = missions.filter(({ space }) => here.has(space));
  return here.size > 0 ? ofHere.slice(-1) : missions.slice(-1);
}

/** The mission whose id begins with `prefix`; without one, the latest (here, if there is a here). */
export async function findMission(
  client: NodeClient,
  prefix: string | undefined,
  isMeant: (mission: FoundMission) => boolean = () => true,
): Promise<FoundMission> {
  const all = await listMissions(client);
  // Without an id only those are meant that the command can be about, if there are any.
  const meant = prefix === undefined ? all.filter(isMeant) : all;
  const missions = meant.length > 0 ? meant : all;
  const found =
    prefix === undefined
      ? await latestHere(client, missions)
      : missions.filter(({ id }) => id.startsWith(prefix));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (found.length === 0) {
    const state = prefix === undefined ? 'there is none yet' : `none begins with ${prefix}`;
    throw new SkeinError('not-found', `Cannot find the mission: ${state}`, {
      fix: 'See: skein missions',
    });
  }
  throw new SkeinError(
    'ambiguous-id',
    `Cannot choose a mission: ${found.length} begin with ${prefix}`,
    {
      fix: `Type more of the id: ${found
        .map(({ id }) => id)
        .slice(0, 5)
        .join(', ')}`,
    },
  );
}

/** A plan by its id; undefined when there is none. */
export async function fetchPlan(
  client: NodeClient,
  space: string,
  id: string | null | undefined,
): Promise<PlanState | undefined> {
  if (id === null || id === undefined) return undefined;
  const query = `space=${space}&id=${encodeURIComponent(id)}`;
  const { entities } = await client.get<{ entities: SpaceEntity[] }>(`/v1/entities/plan?${query}`);
  return entities[0]?.body as PlanState | undefined;
}

/** Whether a plan of the mission waits for an answer. */
export const isWaiting = ({ body }: FoundMission): boolean => body.status === 'waiting';
