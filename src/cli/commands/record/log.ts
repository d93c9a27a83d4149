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
  usage: 'log [<mission> | --space <space>] [--at <moment>] [--follow] [--all] [--ids] [--json]',
  summary: 'the events of a mission (default: the latest), as they were signed with --json',
  words: [0, 1],
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on as events are recorded' },
    at: { ...AT_OPTION.at, help: `up to a moment: ${MOMENT_HELP}` },
    ids: { type: 'boolean', help: 'with the id of each event, by which a moment is named' },
    space: {
      type: 'string',
      value: '<space>',
      help: 'all events of a space: its name (of messages: messages), id, or how that begins',
    },
    all: { type: 'boolean', help: 'every event of the record, not only of this mission' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { space, mission, until } = await meant(client, typed);
    const follow = typed.flag('follow') ? '&follow=1' : '';
    const painted = style(process.stdout);
    const stop = new AbortController();
    process.once('SIGINT', () => process.exit(130));
    process.stdout.on('error', () => stop.abort());
    const path = `/v1/events?space=${space}${mission}${follow}`;
    for await (const line of client.lines(path, stop.signal)) {
      const isJson = typed.flag('json');
      process.stdout.write(`${isJson ? line : eventLine(line, painted, typed.flag('ids'))}\n`);
      if (until !== undefined && (JSON.parse(line) as EventEnvelope).id === until) break;
    }
    return 0;
  },
};

interface Meant {
  readonly space: string;
  readonly mission: string;
  readonly until: string | undefined;
}

/** The mission, or the whole space, that was typed. */
async function meant(client: NodeClient, typed: Typed): Promise<Meant> {
  const named = typed.value('space');
  const [word] = typed.words;
  if (named !== undefined) {
    if (word === undefined && typed.value('at') === undefined)
      return { space: encodeURIComponent(named), mission: '', until: undefined };
    throw new SkeinError('usage', 'Cannot show a space and a mission or moment at once', {
      fix: 'Use --space alone.',
    });
  }
  const found = await findMission(client, word);
  const mission = typed.flag('all') ? '' : `&mission=${found.id}`;
  return { space: found.space, mission, until: await lastEvent(client, found, typed) };
}

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
