/** skein repair: rebuilds a damaged record from all that can still be proven. */
import type { RepairReport } from '#daemon/home/repair-space.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'repair [--yes]',
  summary: 'rebuild damaged records from what can be proven; the damaged files are kept',
  words: [0, 0],
  options: {
    yes: { type: 'boolean', short: 'y', help: 'do it (without it, only say what is damaged)' },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const input = { carryOut: typed.flag('yes') };
    const call = { id: newCommandId(), name: 'record.repair', input };
    const { repairs } = await client.post<{ repairs: RepairReport[] }>(call);
    for (const repair of repairs) {
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify(repair)}\n`);
      else printRepair(repair);
    }
    if (repairs.length === 0) process.stderr.write('No record of this home is damaged.\n');
    return repairs.some(({ repaired }) => !repaired) ? 1 : 0;
  },
};

function printRepair({
  space,
  damage,
  repaired,
  keptIn,
  commits,
  events,
  lost,
}: RepairReport): void {
  const name = `record ${space.slice(0, 12)}`;
  process.stdout.write(`${name}: ${damage.length} finding${damage.length === 1 ? '' : 's'}\n`);
  for (const { kind, id, detail } of damage) process.stdout.write(`  ${kind} ${id}: ${detail}\n`);
  if (!repaired) {
    process.stdout.write(
      '  Repair it with: skein repair --yes (or bring a backup back: skein restore)\n',
    );
    return;
  }
  process.stdout.write(`  repaired: ${commits} commits and ${events} events are proven and kept\n`);
  process.stdout.write(`  the damaged files are in ${keptIn}\n`);
  if (lost.length === 0) process.stdout.write('  nothing is lost\n');
  for (const id of lost) process.stdout.write(`  lost: ${id}\n`);
}
