/** skein log: the record itself, told or as the JSON that was signed. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission } from '../../mission-lookup.ts';
import { tell } from '../../terminal/story.ts';
import { style } from '../../terminal/style.ts';
import { readData } from '../../terminal/read-data.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'log [<mission>] [--follow] [--all] [--json]',
  summary: 'the events of a mission (default: the latest), as they were signed with --json',
  words: [0, 1],
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on as events are recorded' },
    all: { type: 'boolean', help: 'every event of the record, not only of this mission' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id, space } = await findMission(client, typed.words[0]);
    const mission = typed.flag('all') ? '' : `&mission=${id}`;
    const follow = typed.flag('follow') ? '&follow=1' : '';
    const painted = style(process.stdout);
    const stop = new AbortController();
    process.once('SIGINT', () => process.exit(130));
    process.stdout.on('error', () => stop.abort());
    for await (const line of client.lines(
      `/v1/events?space=${space}${mission}${follow}`,
      stop.signal,
    )) {
      if (typed.flag('json')) process.stdout.write(`${line}\n`);
      else {
        const event = readData(line) as EventEnvelope;
        const { dim } = painted;
        process.stdout.write(
          `${dim(event.time.slice(11, 23))} ${dim(event.actor.replace(/^agent:/u, '').padEnd(12))} ${tell(event, painted)}\n`,
        );
      }
    }
    return 0;
  },
};
