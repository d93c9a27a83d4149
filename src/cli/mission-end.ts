/** How a followed mission ended, told to the person; answers the exit status or throws why not 0. */
import type { SpaceEntity } from '#api/door.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { ERRORS, isErrorName, SkeinError } from '#protocol/errors.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import { findMission, shortId } from './mission-lookup.ts';
import type { NodeClient } from './node-client.ts';

/** Whose end, and whether it is told as JSON. */
export interface EndedMission {
  readonly client: NodeClient;
  readonly mission: string;
  readonly json: boolean;
}

const END = new Set([
  'mission.done',
  'mission.failed',
  'mission.rejected',
  'mission.cancelled',
  'mission.interrupted',
]);

/** Whether an event ends a mission, for now or for good. */
export const isEnd = ({ type }: EventEnvelope): boolean => END.has(type);

/** Tells the end; throws the error that the mission failed with. */
export function reportEnd(ended: EndedMission, event: EventEnvelope): Promise<number> | number {
  const data = event.data as Record<string, unknown>;
  switch (event.type) {
    case 'mission.done':
      return reportDone(ended, data);
    case 'mission.failed': {
      const name = isErrorName(data['error']) ? data['error'] : 'mission-failed';
      const fix = typeof data['fix'] === 'string' ? { fix: data['fix'] } : {};
      throw new SkeinError(name, String(data['message']), fix);
    }
    case 'mission.interrupted':
      process.stderr.write(`Continue it with: skein resume ${shortId(ended.mission)}\n`);
      return ERRORS.interrupted.exit;
    default:
      return 1;
  }
}

/** What the merge failed with, as the record has it. */
async function whyNotMerged(client: NodeClient, mission: string): Promise<string> {
  const { space } = await findMission(client, mission);
  const path = `/v1/entities/effect?space=${space}&mission=${mission}`;
  const { entities } = await client.get<{ entities: SpaceEntity[] }>(path);
  const merge = entities.find(({ id }) => id === `${mission}/merge`)?.body as
    | EffectState
    | undefined;
  const reason = merge?.outcome?.['reason'];
  return typeof reason === 'string' ? reason.replace(/^Cannot merge[^:]*: /u, '') : 'it moved';
}

async function reportDone(
  { client, mission, json }: EndedMission,
  data: Record<string, unknown>,
): Promise<number> {
  const { body } = await findMission(client, mission);
  const branch = String(data['branch']);
  if (!json) {
    process.stdout.write(
      `mission ${mission}\nbranch ${branch}\ncommit ${String(data['gitCommit'])}\n`,
    );
    const next =
      data['merged'] === true ? '' : `Take it over with: git merge --ff-only ${branch}\n`;
    process.stderr.write(
      `${next}See it with: skein show ${shortId(mission)}, skein diff ${shortId(mission)}\n`,
    );
  }
  if (!body.options.merge || data['merged'] === true) return 0;
  throw new SkeinError(
    'merge-blocked',
    `Cannot merge: ${await whyNotMerged(client, mission)}; the git commit and its branch are made`,
    {
      fix: `When your tree is clean and unmoved: git merge ${branch}`,
    },
  );
}
