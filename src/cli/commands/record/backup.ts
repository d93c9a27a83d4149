/** skein backup: a consistent copy of all records of this home, made while it works. */
import { resolve } from 'node:path';
import type { BackupReport } from '#daemon/home/backup-home.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'backup <folder> [--with-key]',
  summary: 'copy all records into a new folder, consistently, while the node works',
  words: [1, 1],
  options: {
    'with-key': {
      type: 'boolean',
      help: "copy the node's key too (keep that copy as safe as the key)",
    },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const input = { folder: resolve(typed.words[0] ?? ''), withKey: typed.flag('with-key') };
    const call = { id: newCommandId(), name: 'record.backup', input };
    const report = await client.post<BackupReport>(call);
    if (typed.flag('json')) {
      process.stdout.write(`${JSON.stringify(report)}\n`);
      return 0;
    }
    for (const { space, commits, events, bytes } of report.spaces) {
      process.stdout.write(
        `record ${space.slice(0, 12)}: ${commits} commits, ${events} events, ${(bytes / 1e6).toFixed(1)} MB\n`,
      );
    }
    const key = report.withKey
      ? 'with the key'
      : 'without the key: only this home can continue these records';
    process.stderr.write(`Backed up to ${report.folder}, ${key}.\n`);
    return 0;
  },
};
