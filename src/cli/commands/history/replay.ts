/** skein replay: walks the record of a mission again, with recorded answers only. */
import type { ReplayReport } from '#supervisor/history/replay/replay-mission.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { findMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import { style, type Style } from '../../terminal/style.ts';
import { count, seconds } from '../../terminal/wording.ts';

/** The report with how long it took. */
type TimedReport = ReplayReport & { readonly durationMs: number };

/** The command. */
export const command: CliCommand = {
  usage: 'replay [<mission>] [--at <moment>]',
  summary: 'walk its record again with recorded answers only: the same state, or what differs',
  words: [0, 1],
  options: {
    at: {
      type: 'string',
      value: '<moment>',
      help: 'up to there: an event id, a time, "task 3", "approved" or "end" (default: end)',
    },
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space } = await findMission(client, typed.words[0]);
    const input = { mission, at: typed.value('at') ?? 'end' };
    const call = { id: newCommandId(), name: 'mission.replay', input, space };
    const report = await client.post<TimedReport>(call);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${reportLines(report, style(process.stdout)).join('\n')}\n`);
    return report.difference === null ? 0 : 1;
  },
};

function reportLines(report: TimedReport, { bold, dim, green, red, yellow }: Style): string[] {
  const { mission, goal, event, events, commands, decided, other, firstOther } = report;
  const { answered, failed, open, trees, stateHash, difference, durationMs } = report;
  const perSecond = Math.round((events * 1_000) / Math.max(1, durationMs));
  const closed = failed === 0 ? '' : `, ${failed} with their failure`;
  const inFlight = open === 0 ? '' : `, ${open} without an outcome yet`;
  return [
    `${bold(goal)}  replay of mission ${mission}`,
    dim(`up to event ${event}`),
    `${count(events, 'event')} folded in ${seconds(durationMs)}, ${perSecond} a second (git trees included)`,
    `${decided} of ${count(commands, 'command')} decided again`,
    ...(firstOther === null
      ? []
      : [yellow(`  ${other} with other events than recorded, the first at ${firstOther}`)]),
    `${count(answered, 'effect')} answered from the record${closed}${inFlight}`,
    `${count(trees, 'git tree')} computed again`,
    dim('no model was asked, no program but git was run, nothing was written'),
    ...(difference === null
      ? [`${green('same state hash')} ${stateHash}`]
      : [
          `${red('difference')} at ${difference.event === '' ? 'its first event' : `event ${difference.event}`}`,
          `  ${difference.what}`,
          ...difference.lines.map((line) => `    ${line}`),
        ]),
  ];
}
