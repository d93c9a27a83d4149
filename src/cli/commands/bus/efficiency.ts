/** skein efficiency: where the time of messages went, by agent and by route. */
import type { EfficiencyReport } from '#bus/inbox/efficiency.ts';
import type { CliCommand } from '../../command.ts';
import { typedSpan } from '../../messages/duration.ts';
import { SPEAK_OPTIONS, speak } from '../../messages/speak-as.ts';
import { efficiencyLines } from '../../terminal/bus/efficiency-lines.ts';
import { style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'efficiency [--since <time>] [--agent <name>]',
  summary: 'where the time of messages went: on the way, in the queue, at work, idle',
  words: [0, 0],
  options: {
    since: { type: 'string', value: '<time>', help: 'the last 30m, 1h, 7d (default: all)' },
    agent: { type: 'string', value: '<name>', help: 'only this agent, and its routes' },
    space: SPEAK_OPTIONS.space,
  },
  run: async (typed) => {
    const agent = typed.value('agent');
    const input = {
      ...typedSpan(typed, 'since', 'sinceMs'),
      ...(agent === undefined ? {} : { agent }),
    };
    const report = await (await speak(typed)).post<EfficiencyReport>('messages.efficiency', input);
    const lines = typed.flag('json')
      ? [JSON.stringify(report)]
      : efficiencyLines(report, style(process.stdout));
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
