/** skein reply: answers a message; that it is answered and that it is done with are one commit. */
import type { SentReport } from '#api/bus-door.ts';
import type { CliCommand } from '../../command.ts';
import { SPEAK_OPTIONS, speak } from '../../messages/speak-as.ts';
import { readText } from '../../messages/text-input.ts';
import { sentLines } from '../../terminal/bus/sent-lines.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'reply <message> <text|->',
  summary:
    'answer a message of your inbox or, with --as, of that of an agent; it is done with then',
  words: [2, 2],
  options: { ...SPEAK_OPTIONS },
  run: async (typed) => {
    const [message = '', text = ''] = typed.words;
    const input = { message, text: await readText(text) };
    const { post } = await speak(typed);
    const report = await post<SentReport>('message.reply', input);
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${sentLines(report).join('\n')}\n`);
    return 0;
  },
};
