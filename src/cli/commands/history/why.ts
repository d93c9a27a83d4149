/** skein why: what made a line, what was decided before, what proves it and what it cost. */
import { resolve } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { WhyAnswer } from '#supervisor/history/why/why-answer.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { newCommandId } from '../../new-id.ts';
import { whyLines } from '../../terminal/history/why-lines.ts';
import { style } from '../../terminal/style.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'why <file>:<line> [--repo <folder>] [--at <git commit>] [--all]',
  summary: 'why a line is as it is: its edit, the decision, what led to it, the proof, the price',
  words: [1, 1],
  options: {
    repo: { type: 'string', value: '<folder>', help: 'the repository (default: where you are)' },
    at: {
      type: 'string',
      value: '<git commit>',
      help: 'the file as it is in this git commit (default: on the disk)',
    },
    all: { type: 'boolean', help: 'also the lines that stood there before, back to the first' },
  },
  run: async (typed) => {
    const at = typed.value('at');
    const input = {
      folder: resolve(typed.value('repo') ?? '.'),
      ...readPlace(typed.words[0] ?? ''),
      ...(at === undefined ? {} : { at }),
      all: typed.flag('all'),
    };
    const client = await connect(typed);
    const answer = await client.post<WhyAnswer>({ id: newCommandId(), name: 'line.why', input });
    if (typed.flag('json')) process.stdout.write(`${JSON.stringify(answer)}\n`);
    else process.stdout.write(`${whyLines(answer, style(process.stdout)).join('\n')}\n`);
    return 0;
  },
};

/** `<file>:<line>`; a column after it, as compilers print it, is not needed. */
function readPlace(word: string): { readonly file: string; readonly line: number } {
  const [, file, line] = /^(.+?):([1-9]\d{0,8})(?::\d+)?$/su.exec(word) ?? [];
  if (file !== undefined) return { file, line: Number(line) };
  throw new SkeinError('usage', `Cannot read "${word}" as a line of a file`, {
    fix: 'Type the file and the number of the line, such as src/cart.ts:12',
  });
}
