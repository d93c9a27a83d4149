/** Submits a goal and follows its mission. */
import type { Submission, Submitted } from '#supervisor/supervisor.ts';
import { followMission, type Following } from './follow-mission.ts';
import { newCommandId } from './new-id.ts';
import type { NodeClient } from './node-client.ts';

/** How the mission is followed. */
export type FollowOptions = Omit<Following, 'client' | 'space' | 'mission'>;

/** Records the goal; the node begins to plan. */
export const submitMission = (client: NodeClient, request: Submission): Promise<Submitted> =>
  client.post<Submitted>({ id: newCommandId(), name: 'mission.submit', input: request });

/** Submits; answers the exit status when the mission has ended, or at once when detached. */
export async function startMission(
  client: NodeClient,
  request: Submission,
  options: FollowOptions,
): Promise<number> {
  const submitted = await submitMission(client, request);
  // Without --yes there is a plan to answer later; with it, it must be approved first.
  if (options.detach && options.answer.type !== 'yes') {
    process.stdout.write(
      options.json ? `${JSON.stringify(submitted)}\n` : `mission ${submitted.mission}\n`,
    );
    return 0;
  }
  const status = await followMission({ client, ...submitted, ...options });
  if (options.detach && !options.json) process.stdout.write(`mission ${submitted.mission}\n`);
  return status;
}
