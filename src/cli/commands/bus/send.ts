/** skein send: a message to an agent, to one of a skill, or to all who listen to a topic. */
import type { SentReport } from '#api/bus-door.ts';
import type { CliCommand, CliOption, Typed } from '../../command.ts';
import { typedSpan } from '../../messages/duration.ts';
import { SPEAK_OPTIONS, speak } from '../../messages/speak-as.ts';
import { readText } from '../../messages/text-input.ts';
import { sentLines } from '../../terminal/bus/sent-lines.ts';

/** Options that say how a message is to be taken. */
export const MESSAGE_OPTIONS = {
  priority: {
    type: 'string',
    short: 'p',
    value: '<urgency>',
    help: 'critical, high, normal or low',
  },
  'expires-in': {
    type: 'string',
    value: '<time>',
    help: 'nobody is to handle it after 30s, 5m, 2h, 1d',
  },
} as const satisfies Record<string, CliOption>;

/** The command. */
export const command: CliCommand = {
  usage: 'send <to> <text|-> [--priority <urgency>] [--answer-in <time>] [--expires-in <time>]',
  summary: 'send to <agent>, <agent>@<node>, skill:<name> (exactly one) or topic:<name> (all)',
  words: [2, 2],
  options: {
    ...MESSAGE_OPTIONS,
    'answer-in': {
      type: 'string',
      value: '<time>',
      help: 'ask for an answer within 30s, 5m, 2h, 1d',
    },
    'reply-to': { type: 'string', value: '<id>', help: 'the message that this one answers' },
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    const [to = '', text = ''] = typed.words;
    const input = { to, text: await readText(text), ...sayingOf(typed) };
    const { post } = await speak(typed);
    const report = await post<SentReport>('message.send', input);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${sentLines(report).join('\n')}\n`);
    return 0;
  },
};

/** What was typed about a message beside its text. */
export function sayingOf(typed: Typed): object {
  const [priority, replyTo] = [typed.value('priority'), typed.value('reply-to')];
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(replyTo === undefined ? {} : { replyTo, kind: 'answer' }),
    ...typedSpan(typed, 'answer-in', 'answerInMs'),
    ...typedSpan(typed, 'expires-in', 'expiresInMs'),
  };
}
