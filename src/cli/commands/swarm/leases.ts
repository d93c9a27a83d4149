/** skein leases: who holds which path right now. */
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { shortId } from '../../mission-lookup.ts';
import { fetchSwarm } from '../../swarm-state.ts';
import { style } from '../../terminal/style.ts';
import { taskName } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'leases',
  summary: 'paths that are held: by whom, for which task',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const { leases, epoch } = await fetchSwarm(await connect(typed));
    const held = leases.filter(({ body }) => body.status === 'held');
    const { dim } = style(process.stdout);
    for (const { id, space, body } of held) {
      // A node that has started again holds nothing of before: such a lease stands in nobody's way.
      const isVoid = body.epoch !== epoch;
      if (typed.flag('json')) {
        process.stdout.write(`${JSON.stringify({ id, space, ...body, void: isVoid })}\n`);
        continue;
      }
      const mission = shortId(body.task);
      const facts = dim(`(token ${body.token}${isVoid ? ', void: its node stopped' : ''})`);
      for (const path of body.paths) {
        process.stdout.write(
          `${path}  ${body.holder}  ${taskName(body.task)} of mission ${mission} ${facts}\n`,
        );
      }
    }
    const isNone = held.every(({ body }) => body.paths.length === 0);
    if (isNone) process.stderr.write('No path is held.\n');
    return 0;
  },
};
