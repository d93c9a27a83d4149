/** skein log: the record itself, told or as the JSON that was signed. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { Moment } from '#ledger/history/moment.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { AT_OPTION, MOMENT_HELP } from '../../history/mission-then.ts';
import { findMission, type FoundMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { tell } from '../../terminal/story.ts';
import { style, type Style } from '../../terminal/style.ts';
import { readData } from '../../terminal/read-data.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'log [<mission>] [--at <moment>] [--follow] [--all] [--ids] [--json]',
  summary: 'the events of a mission (default: the latest), as they were signed with --json',
  words: [0, 1],
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on as events are recorded' },
    at: { ...AT_OPTION.at, help: `up to a moment: ${MOMENT_HELP}` },
    ids: { type: 'boolean', help: 'with the id of each event, by which a moment is named' },
    all: { type: 'boolean', help: 'every event of the record, not only of this mission' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const found = await findMission(client, typed.words[0]);
    const until = await lastEvent(client, found, typed);
    const mission = typed.flag('all') ? '' : `&mission=${found.id}`;
    const follow = typed.flag('follow') ? '&follow=1' : '';
    const painted = style(process.stdout);
    const stop = new AbortController();
    process.once('SIGINT', () => process.exit(130));
    process.stdout.on('error', () => stop.abort());
    const path = `/v1/events?space=${found.space}${mission}${follow}`;
    for await (const line of client.lines(path, stop.signal)) {
      const isJson = typed.flag('json');
      process.stdout.write(`${isJson ? line : eventLine(line, painted, typed.flag('ids'))}\n`);
      if (until !== undefined && (JSON.parse(line) as EventEnvelope).id === until) break;
    }
    return 0;
  },
};

/** The event after which nothing more is shown, when a moment was named. */
async function lastEvent(
  client: NodeClient,
  { id: mission, space }: FoundMission,
  typed: Typed,
): Promise<string | undefined> {
  const at = typed.value('at');
  if (at === undefined) return undefined;
  if (typed.flag('follow')) {
    throw new SkeinError('usage', 'Cannot follow up to a moment of the past', {
      fix: 'Use --at or --follow, not both.',
    });
  }
  const call = { id: newCommandId(), name: 'mission.moment', input: { mission, at }, space };
  const moment = await client.post<Moment>(call);
  if (moment.time !== null) return moment.event;
  throw new SkeinError('blob-missing', `Cannot show the log up to ${moment.event}: it was pruned`);
}

function eventLine(line: string, painted: Style, withId: boolean): string {
  const event = readData(line) as EventEnvelope;
  const { dim } = painted;
  const id = withId ? `${dim(event.id)} ` : '';
  const who = event.actor.replace(/^agent:/u, '').padEnd(12);
  return `${id}${dim(event.time.slice(11, 23))} ${dim(who)} ${tell(event, painted)}`;
}
