/** Submits a goal and follows its mission. */
import type { Submission, Submitted } from '#supervisor/supervisor.ts';
import { followMission, type Following } from './follow-mission.ts';
import { newCommandId } from './new-id.ts';
import type { NodeClient } from './node-client.ts';

/** A goal, the repository it is for, and what else was asked. */
export type MissionRequest = Submission;

/** How the mission is followed. */
export type FollowOptions = Pick<Following, 'yes' | 'json' | 'detach' | 'verbose'>;

/** Submits; answers the exit status when the mission has ended, or at once when detached. */
export async function startMission(
  client: NodeClient,
  request: MissionRequest,
  options: FollowOptions,
): Promise<number> {
  const call = { id: newCommandId(), name: 'mission.submit', input: request };
  const submitted = await client.post<Submitted>(call);
  // Without --yes there is a plan to answer later; with it, it must be approved first.
  if (options.detach && !options.yes) {
    process.stdout.write(
      options.json ? `${JSON.stringify(submitted)}\n` : `mission ${submitted.mission}\n`,
    );
    return 0;
  }
  return followMission({ client, ...submitted, ...options, approvedBy: '--yes' });
}
