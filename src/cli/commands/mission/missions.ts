/** skein missions: what was asked for, and what became of it. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { listMissions, missionsAtWork, shortId, statusWord } from '../../mission-lookup.ts';
import { paintStatus, style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'missions',
  summary: 'list the missions of this home, newest last',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const missions = await listMissions(client);
    const atWork = await missionsAtWork(client);
    const painted = style(process.stdout);
    for (const mission of missions) {
      const { id, space, body } = mission;
      const status = statusWord(mission, atWork);
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ id, space, ...body })}\n`);
      else
        process.stdout.write(
          `${shortId(id)}  ${paintStatus(status, status.padEnd(11), painted)}  ${body.submittedAt.slice(0, 19)}  ${body.goal}\n`,
        );
    }
    if (missions.length === 0) process.stderr.write('No missions yet. Try: skein demo\n');
    return 0;
  },
};
