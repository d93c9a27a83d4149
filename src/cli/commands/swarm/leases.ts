/** skein leases: who holds which path, right now or at a moment of the past. */
import type { LeaseState } from '#tasks/task-reducer.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { AT_OPTION, fetchThen, momentLine } from '../../history/mission-then.ts';
import { findMission, shortId } from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { fetchSwarm } from '../../swarm-state.ts';
import { printRows, type Rows } from '../../terminal/print-rows.ts';
import type { Style } from '../../terminal/style.ts';
import { taskName } from '../../terminal/wording.ts';

/** A held lease; `void` = of a node that has stopped since, so that it stands in nobody's way. */
interface ShownLease extends LeaseState {
  readonly id: string;
  readonly space: string;
  readonly void: boolean;
}

/** The command. */
export const command: CliCommand = {
  usage: 'leases [<mission>] [--at <moment>]',
  summary: 'paths that are held: by whom, for which task; with --at those of one mission then',
  words: [0, 1],
  options: { ...AT_OPTION },
  run: async (typed) => {
    const held = await heldLeases(await connect(typed), typed);
    printRows(held, typed.flag('json'), pathLines);
    const isNone = held.rows.every(({ paths }) => paths.length === 0);
    if (isNone) process.stderr.write('No path is held.\n');
    return 0;
  },
};

async function heldLeases(client: NodeClient, typed: Typed): Promise<Rows<ShownLease>> {
  const [word] = typed.words;
  const at = typed.value('at');
  if (at !== undefined) {
    const then = await fetchThen(client, await findMission(client, word), { at, kinds: ['lease'] });
    return { rows: shown(then.of('lease'), () => false), head: [momentLine(then)] };
  }
  const wanted = word === undefined ? '' : `${(await findMission(client, word)).id}.`;
  const { leases, epoch } = await fetchSwarm(client);
  const ofMission = leases.filter(({ id }) => id.startsWith(wanted));
  return { rows: shown(ofMission, (lease) => lease.epoch !== epoch), head: [] };
}

const shown = (
  leases: readonly { readonly id: string; readonly space: string; readonly body: LeaseState }[],
  isVoid: (lease: LeaseState) => boolean,
): ShownLease[] =>
  leases
    .filter(({ body }) => body.status === 'held')
    .map(({ id, space, body }) => ({ id, space, ...body, void: isVoid(body) }));

function pathLines(lease: ShownLease, { dim }: Style): string[] {
  const { holder, task, token } = lease;
  const facts = dim(`(token ${token}${lease.void ? ', void: its node stopped' : ''})`);
  const forWhom = `${taskName(task)} of mission ${shortId(task)}`;
  return lease.paths.map((path) => `${path}  ${holder}  ${forWhom} ${facts}`);
}
