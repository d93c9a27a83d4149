/** skein verify: proves the record, or names what is damaged. */
import type { VerifyReport } from '#ledger/ledger.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import { style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'verify [<mission>]',
  summary:
    'verify all records of this home (or the one of a mission): signatures, chain, state, blobs',
  words: [0, 1],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const prefix = typed.words[0];
    const space = prefix === undefined ? {} : { space: (await findMission(client, prefix)).space };
    const call = { id: newCommandId(), name: 'record.verify', input: null, ...space };
    const { reports } = await client.post<{ reports: VerifyReport[] }>(call);
    for (const report of reports) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
      else printReport(report);
    }
    if (reports.length === 0) process.stderr.write('There is no record yet in this home.\n');
    return reports.some(({ damage }) => damage.length > 0) ? 1 : 0;
  },
};

function printReport(report: VerifyReport): void {
  const { green, red, dim } = style(process.stdout);
  const { space, commits, events, pruned, blobs, head, anchoredSeq, damage, durationMs } = report;
  const absent = report.absent === 0 ? '' : ` (${report.absent} more at other nodes)`;
  const verdict =
    damage.length === 0
      ? green('whole')
      : red(`${damage.length} finding${damage.length === 1 ? '' : 's'}`);
  const gone = pruned === 0 ? '' : ` (${pruned} of them pruned)`;
  process.stdout.write(
    `record ${space.slice(0, 12)}: ${verdict}  ${commits} commits, ${events} events${gone}, ${blobs} blobs${absent} in ${durationMs.toFixed(0)} ms\n`,
  );
  if (head !== null) {
    process.stdout.write(
      dim(
        `  head ${head.chain.slice(0, 12)}:${head.seq} ${head.hash.slice(0, 16)}, anchored up to ${anchoredSeq}\n`,
      ),
    );
  }
  for (const { kind, id, detail } of damage)
    process.stdout.write(`  ${red(kind)} ${id}: ${detail}\n`);
}
