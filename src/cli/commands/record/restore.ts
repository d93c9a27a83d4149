/** skein restore: brings the records of a backup back. */
import { resolve } from 'node:path';
import type { RestoreReport } from '#daemon/home/backup-home.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'restore <folder> [--replace]',
  summary: 'bring records back from a backup; a new chain begins where it ends',
  words: [1, 1],
  options: {
    replace: {
      type: 'boolean',
      help: 'put them in the place of the records that are here (which are kept aside)',
    },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const input = { folder: resolve(typed.words[0] ?? ''), replace: typed.flag('replace') };
    const call = { id: newCommandId(), name: 'record.restore', input };
    const report = await client.post<RestoreReport>(call);
    for (const restored of report.spaces) {
      const { space, commits, replaced } = restored;
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(restored)}\n`);
      else
        process.stdout.write(
          `record ${space.slice(0, 12)}: ${commits} commits restored${replaced === null ? '' : `; what was here is in ${replaced}`}\n`,
        );
    }
    return 0;
  },
};
