/** skein plan: makes the plan of a goal and leaves it waiting, or only shows it. */
import type { CliCommand } from '../../command.ts';
import { shownPlan, waysToAnswer } from '../../answer-plan.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission, type FoundMission } from '../../mission-lookup.ts';
import { MISSION_OPTIONS, readRequest, readShow, SHOW_OPTIONS } from '../../mission-request.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { submitMission } from '../../start-mission.ts';
import { fetchContents, planLines, type ShownPlan } from '../../terminal/print-plan.ts';
import { style } from '../../terminal/style.ts';

const DRY_RUN = 'dry run';

/** The command. */
export const command: CliCommand = {
  usage: 'plan "<goal>" [--repo <folder>] [--check <command>]... [--jobs <n>] [--dry-run]',
  summary: 'plan a goal and leave the plan waiting for "skein approve" or "skein reject"',
  words: [1, 1],
  options: {
    'dry-run': { type: 'boolean', help: 'show the plan and end the mission: nothing waits' },
    ...MISSION_OPTIONS,
    ...SHOW_OPTIONS,
  },
  run: async (typed) => {
    const [request, show, isDry] = [readRequest(typed), readShow(typed), typed.flag('dry-run')];
    const client = await connect(typed);
    const submitted = await submitMission(client, request);
    // The plan is the data of this command; its events are progress, and go to stderr.
    const how = { answer: { type: 'leave' }, detach: false, ...show, json: false } as const;
    const plain = show.plain || show.json;
    const status = await followMission({ client, ...submitted, ...how, plain });
    const mission = await findMission(client, submitted.mission);
    const shown = await shownPlan(client, mission, mission.body.plan);
    // Before anything is printed: who reads may leave early, and nothing must be left waiting.
    if (isDry) await endDryRun(client, mission);
    if (status !== 0 || shown === undefined) return status;
    if (show.json) printJson(mission, shown, isDry);
    else await printPlan(client, mission, { shown, isDry });
    return 0;
  },
};

/** Ends a mission whose plan waits, or that was interrupted while it was planned. */
async function endDryRun(client: NodeClient, { id, space, body }: FoundMission): Promise<void> {
  const isPlanned = body.status === 'waiting';
  const name = isPlanned ? 'mission.reject' : 'mission.cancel';
  const input = { mission: id, reason: DRY_RUN, ...(isPlanned ? { hash: body.hash } : {}) };
  await client.post({ id: newCommandId(), name, input, space });
}

function printJson({ id, space }: FoundMission, { plan }: ShownPlan, dryRun: boolean): void {
  process.stdout.write(`${JSON.stringify({ mission: id, space, dryRun, plan })}\n`);
}

async function printPlan(
  client: NodeClient,
  { id, space }: FoundMission,
  { shown, isDry }: { readonly shown: ShownPlan; readonly isDry: boolean },
): Promise<void> {
  const contents = await fetchContents(client, space, shown.plan);
  const lines = planLines(shown, contents, style(process.stdout));
  process.stdout.write(`\n${lines.join('\n')}\n\nmission ${id}\n`);
  process.stderr.write(
    isDry ? 'It was a dry run: the mission has ended.\n' : `Answer it with: ${waysToAnswer(id)}\n`,
  );
}
