/** skein request: asks and waits for the answer, which is pushed; says how the message stands when none came. */
import type { MessageReport, SentReport } from '#api/bus-door.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { readDuration } from '../../messages/duration.ts';
import { SPEAK_OPTIONS, speak } from '../../messages/speak-as.ts';
import { readText } from '../../messages/text-input.ts';
import { MESSAGE_OPTIONS, sayingOf } from './send.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'request <to> <text|-> [--timeout <time>]',
  summary: 'send, wait for the answer and print it; exit code 75 when none comes in time',
  words: [2, 2],
  options: {
    timeout: { type: 'string', value: '<time>', help: 'how long to wait: 30s (default), 5m, 2h' },
    ...MESSAGE_OPTIONS,
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    const [to = '', text = ''] = typed.words;
    const waitMs = readDuration(typed.value('timeout') ?? '30s', 'timeout');
    const asked = { to, text: await readText(text), ...sayingOf(typed), kind: 'ask' };
    const { client, path, post } = await speak(typed);
    const sent = await post<SentReport>('message.send', { ...asked, answerInMs: waitMs });
    const wait = path(`/v1/messages/${sent.id}`, { wait: String(waitMs), space: sent.space });
    const report = await client.get<MessageReport>(wait);
    if (report.answer === null) throw noAnswer(report, typed.value('timeout') ?? '30s');
    const { answer } = report;
    process.stdout.write(`${typed.flag('json') ? JSON.stringify(answer) : answer.text}\n`);
    return 0;
  },
};

function noAnswer({ id, to, standings }: MessageReport, timeout: string): SkeinError {
  const isOver = standings.length > 0 && standings.every((each) => each.isOver);
  const states = standings.map(({ to: whom, state }) => `${whom}: ${state}`);
  const state =
    states.length === 0 ? 'recorded here, it has reached nobody yet' : states.join('; ');
  const whom = to.replace(/^agent:/u, '');
  const details = { message: id, standings };
  if (isOver) {
    return new SkeinError('no-responder', `Cannot get an answer of ${whom}: ${state}`, { details });
  }
  return new SkeinError(
    'request-timeout',
    `Cannot get an answer of ${whom} in ${timeout}: ${state}`,
    {
      fix: `It stays as it is; an answer that comes later waits in your inbox. The message is ${id}`,
      details,
    },
  );
}
